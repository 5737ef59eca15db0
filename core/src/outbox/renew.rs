//! An operation whose id the server knows with another content: the store was copied, and the operation was
//! edited on one side after that.
//!
//! Invariant: nothing has its effect twice. What the two contents share cannot be told any more, so what adds
//! up (increments) is not sent again: the journal keeps it. What does not add up (values, sets, removals)
//! goes again under a new id, as an edit like any other. New ids are tried at most `MAX_ROUNDS` times, as often as a
//! conflict: then the operation is parked. So a server that claims to know every id is not asked without end.

use super::ids::mint_again;
use super::rebase::MAX_ROUNDS;
use super::{Pending, park};
use crate::device::Device;
use crate::error::Result;
use crate::model::{Changes, Edit, OpError, OpEvent, OpKind, WriteOutcome};
use crate::store::Tx;
use crate::store::journal::{LossReason, Lost};
use holm_protocol::codes::Code;

/// The server's code for it.
pub(crate) const KNOWN_WITH_OTHER_CONTENT: &str = Code::IdempotencyKeyReused.as_str();

/// Gives an operation that the server has refused for this reason a new id, without its increments. One that
/// only counts ends as overridden.
pub(crate) fn renew(tx: &Tx<'_>, pending: &mut Pending, device: &Device, at: usize, error: OpError) -> Result<()> {
    pending.freeze_create()?;
    let Some(op) = pending.ops.get_mut(at) else { return Ok(()) };
    if op.kind == OpKind::Action {
        return park(pending, at, error).map(drop);
    }
    op.rounds += 1;
    if op.rounds > MAX_ROUNDS {
        return park(pending, at, error).map(drop);
    }
    op.on(OpEvent::NoEffect);
    let (op_id, op_seq, kind) = (op.op_id, op.op_seq, op.kind);
    let mut counted = Changes::new();
    if let Some(changes) = &mut op.changes {
        changes.retain(|path, change| {
            let counts = matches!(change.edit, Edit::Inc(_));
            if counts {
                counted.insert(path.clone(), change.clone());
            }
            !counts
        });
    }
    op.before.keep_only(op.changes.as_ref());
    let nothing_left = kind == OpKind::Update && op.changes.as_ref().is_none_or(Changes::is_empty);
    if !counted.is_empty() {
        let op_id = nothing_left.then_some(op_id);
        pending.lose(device, op_id, LossReason::ServerKept, Lost::Paths(counted), None);
    }
    if nothing_left {
        pending.end(at, WriteOutcome::Overridden);
    } else {
        pending.rename(at, mint_again(tx, device, op_seq)?);
    }
    pending.queued = true;
    Ok(())
}

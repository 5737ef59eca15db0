//! Writes that the server refused: parked, seen, tried again or given up. What has never been sent, or is in a conflict, can be given up, too.

use super::coalesce::{Neighbours, compact, fold_into_delete};
use super::{GroupFate, Pending};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::model::{OpError, OpEvent, OpId, OpKind, OpState, Operation, WriteOutcome};
use crate::store::journal::LossReason;
use crate::store::{Tx, operations};
use holm_protocol::codes::Code;
use serde_json::Value;
use std::collections::BTreeSet;

/// The member of an error's details that says that the server may have the operation all the same: `unknown`. What is edited then does not
/// repair it; a retry sends it as it was.
const FATE: &str = "fate";

/// Parks an operation with the reason, and its group with it. Its document's later operations wait behind it; others do not. The
/// server has refused it, so it has no effect there and may change. False if there is nothing to decide, because the document was deleted since.
pub(crate) fn park(pending: &mut Pending, at: usize, error: OpError) -> Result<bool> {
    stop(pending, at, error, false)?;
    Ok(!yield_to_delete(pending))
}

/// What was refused, and deleted after that, needs no repair: a create is withdrawn with all behind it, an edit goes with the delete. It leaves
/// its group, of which the rest waits for a decision. (The caller of a write that is judged whole takes that back itself.) Returns whether that
/// is so.
pub(super) fn yield_to_delete(pending: &mut Pending) -> bool {
    let refused = |op: &Operation| op.is_parked() && !op.was_sent() && !op.is_exact();
    let Some(at) = pending.ops.iter().position(refused) else { return false };
    let [op, edits @ .., delete] = &pending.ops[at..] else { return false };
    let alone =
        |edit: &Operation| edit.kind == OpKind::Update && (refused(edit) || edit.is_open() && edit.group.is_none());
    let goes = delete.is_open() || refused(delete) && delete.group.is_none();
    if delete.kind != OpKind::Delete || !goes || !edits.iter().all(alone) {
        return false;
    }
    let group = delete.group.clone();
    match op.kind {
        OpKind::Create if pending.row.server_body().is_none() => {
            while at < pending.ops.len() {
                pending.end(at, WriteOutcome::Withdrawn);
            }
        }
        OpKind::Update => {
            reopen(&mut pending.ops[at]);
            pending.ops[at].group = group;
            fold_into_delete(pending, at);
        }
        OpKind::Create | OpKind::Delete | OpKind::Action => return false,
    }
    pending.queued = true;
    true
}

/// The same for an operation that the server may have from an earlier request: it must not change, and goes again as it was.
pub(crate) fn park_unanswered(pending: &mut Pending, at: usize, error: OpError) -> Result<()> {
    stop(pending, at, error, true)
}

fn stop(pending: &mut Pending, at: usize, error: OpError, sent: bool) -> Result<()> {
    pending.freeze_create()?;
    let Some(op) = pending.ops.get_mut(at).filter(|op| !op.is_parked()) else { return Ok(()) };
    let sent = sent && op.was_sent();
    let mut error = error;
    if sent {
        error.details.insert(FATE.to_owned(), Value::from("unknown"));
    }
    if let Some(group) = op.group.clone() {
        let message = format!("another write of its group was refused ({}: {})", error.code, error.message);
        let error = OpError::new(Code::GroupAborted.as_str(), message);
        pending.groups.push((group, GroupFate::Parked { error, sent }));
    }
    op.on(if sent { OpEvent::ParkedUnanswered(error) } else { OpEvent::Refused(error) });
    Ok(())
}

/// Queues a parked operation again, joined with what was edited since: that is how a refused write is repaired. The other members of its
/// group go with it.
///
/// # Errors
/// `NOT_FOUND` if no such operation is parked.
pub(crate) fn retry(tx: &Tx<'_>, device: &Device, id: OpId) -> Result<()> {
    let op = find(tx, id, Operation::is_parked)?;
    match &op.group {
        Some(group) => super::retry_group(tx, device, group),
        None => {
            if let Some(mut pending) = Pending::of_operation(tx, &op)? {
                queue_again(&mut pending, &|parked| parked.op_id == op.op_id);
                pending.save(tx, device)?;
            }
            Ok(())
        }
    }
}

/// Queues parked operations of a document again.
pub(super) fn queue_again(pending: &mut Pending, wanted: &impl Fn(&Operation) -> bool) {
    let mut first = None;
    for op in pending.ops.iter_mut().filter(|op| op.is_parked() && wanted(op)) {
        // What is edited after a write that goes again unchanged does not repair it, nor one that was refused for another one's sake.
        let repaired = !op.was_sent() && !op.error().is_some_and(OpError::is_for_another);
        reopen(op);
        pending.queued = true;
        if repaired {
            first.get_or_insert((op.op_seq, op.group.clone()));
        }
    }
    let Some((first, group)) = first else { return };
    // What was edited since repairs the write, so it goes where that goes: with the write's group.
    let mut joining = BTreeSet::new();
    for later in pending.ops.iter_mut().filter(|op| op.op_seq > first && op.group.is_none() && op.is_open()) {
        later.group.clone_from(&group);
        joining.insert(later.op_seq);
    }
    compact(pending, Neighbours::Refused);
    // What stays behind the write is no part of the group: a group that waits for its own member would never be sent.
    for apart in pending.ops.iter_mut().filter(|op| joining.contains(&op.op_seq)) {
        apart.group = None;
    }
}

fn reopen(op: &mut Operation) {
    op.rounds = match op.kind {
        // Its key counts its calls.
        OpKind::Action => op.rounds + u32::from(op.is_refused_call()),
        _ => 0,
    };
    op.on(OpEvent::Retried);
    op.attempts = 0;
    op.not_before_ms = 0;
    op.last_error = None;
}

/// Gives up an operation that is parked or in a conflict, or that no request has carried yet, and its group with it: the journal keeps what it held, and the
/// view goes back to the server's state with what else is pending. Giving up a create gives up the document.
///
/// # Errors
/// `NOT_FOUND` if there is no such operation, or if it was sent: then the server may have it.
pub(crate) fn discard(tx: &Tx<'_>, device: &Device, id: OpId) -> Result<()> {
    let op = find(tx, id, |op| op.is_parked() || op.is_open() || op.state == OpState::InConflict)?;
    let mut pending =
        Pending::of_operation(tx, &op)?.ok_or_else(|| Error::internal(format!("operation {id} has no document")))?;
    give_up(&mut pending, device, LossReason::Discarded, &|other| other.op_seq == op.op_seq)?;
    pending.queued = true;
    pending.save(tx, device).map(drop)
}

/// Whether the document goes with what is given up: its create is a part of that, and the server has never had it.
pub(super) fn takes_document(pending: &Pending, wanted: &impl Fn(&Operation) -> bool) -> bool {
    let unborn = pending.row.server_body().is_none() && !pending.row.evicted;
    unborn && pending.ops.iter().any(|op| op.kind == OpKind::Create && wanted(op))
}

/// The server no longer knows whether it has this operation: sent again, it would count twice.
pub(crate) const FORGOTTEN: &str = Code::OperationForgotten.as_str();

/// Gives up an operation that may have its effect already: the server's state stands, and the journal keeps what the operation held.
pub(crate) fn give_way(pending: &mut Pending, device: &Device, at: usize) -> Result<()> {
    let Some(op_seq) = pending.ops.get(at).map(|op| op.op_seq) else { return Ok(()) };
    give_up(pending, device, LossReason::ServerKept, &|op| op.op_seq == op_seq)
}

/// Gives up operations of a document, and all of them if its create is among them and the server has never had it. The app discards them, or
/// they lose to the server's state.
pub(super) fn give_up(
    pending: &mut Pending,
    device: &Device,
    reason: LossReason,
    wanted: &impl Fn(&Operation) -> bool,
) -> Result<()> {
    let (how, fate) = match reason {
        LossReason::Discarded => (WriteOutcome::Discarded, GroupFate::Discarded),
        LossReason::ServerKept | LossReason::LocalKept => (WriteOutcome::Overridden, GroupFate::Overridden),
    };
    pending.freeze_create()?;
    let whole = takes_document(pending, wanted);
    let mut at = 0;
    while at < pending.ops.len() {
        if !whole && !wanted(&pending.ops[at]) {
            at += 1;
            continue;
        }
        if let Some(group) = pending.ops[at].group.clone() {
            pending.groups.push((group, fate.clone()));
        }
        unlink(pending, at);
        pending.give_up(device, at, reason, how)?;
    }
    judge_anew(pending);
    Ok(())
}

/// What is left was asked about together with what is given up, or stood on a create that is: the server judges it against all that others
/// have written. Without a base it would overwrite that.
fn judge_anew(pending: &mut Pending) {
    if pending.ops.iter().all(|op| op.state != OpState::InConflict) {
        pending.conflict = None;
    }
    if pending.row.version.is_none() || pending.ops.iter().any(|op| op.kind == OpKind::Create) {
        return;
    }
    let without = |op: &&mut Operation| op.kind != OpKind::Action && op.base_version.is_none() && !op.was_sent();
    for op in pending.ops.iter_mut().filter(without) {
        op.base_version = Some(0);
    }
}

/// Closes the gap that an operation leaves: later operations on the same places now start from what it started from.
pub(super) fn unlink(pending: &mut Pending, at: usize) {
    let op = pending.ops[at].clone();
    let Some(changes) = &op.changes else { return };
    for later in pending.ops.iter_mut().skip(at + 1) {
        let paths: Vec<_> = later.changes.iter().flat_map(|changes| changes.paths().cloned()).collect();
        for path in paths {
            let value = op.before.before(changes, &path, later.before.get(&path));
            later.before.set(&path, value.as_ref());
        }
    }
}

fn find(tx: &Tx<'_>, id: OpId, fits: impl Fn(&Operation) -> bool) -> Result<Operation> {
    operations::by_id(tx, id)?.filter(fits).ok_or_else(|| Error::not_found("operation", id.to_string()))
}

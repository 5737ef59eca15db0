//! Writes that the server refused: set aside, seen, tried again or given up. What has never been sent can be given up, too.

use super::coalesce::compact;
use super::view::{freeze_create, save_view, unlink};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::model::{OpError, OpId, OpKind, OpState, Operation};
use crate::store::documents::{self, DocumentRow};
use crate::store::journal::{self, Loss, LossReason};
use crate::store::{Settled, Tx, conflicts, outbox};
use serde_json::Value;

/// Sets an operation aside with the reason. Its document's later operations wait behind it; nobody else does. The server has refused it, so
/// it has no effect there and may change.
pub(crate) fn park(tx: &Tx<'_>, row: Option<&DocumentRow>, op: &mut Operation, error: OpError) -> Result<()> {
    if let Some(row) = row {
        freeze_create(tx, row, std::slice::from_mut(op))?;
    }
    op.state = OpState::Parked;
    op.sent = false;
    op.error = Some(error);
    outbox::update(tx, op)?;
    outbox::tell_parked(tx, op);
    Ok(())
}

/// Queues a parked operation again, joined with what was edited since: that is how a refused write is repaired.
///
/// # Errors
/// `NOT_FOUND` if no such operation is parked.
pub(crate) fn retry(tx: &Tx<'_>, id: OpId) -> Result<()> {
    let op = find(tx, id, |op| op.state == OpState::Parked)?;
    let mut ops = outbox::of_document(tx, op.document)?;
    for op in ops.iter_mut().filter(|op| op.op_id == id) {
        op.state = OpState::Queued;
        op.attempts = 0;
        op.rounds = 0;
        op.next_attempt_ms = 0;
        op.error = None;
        outbox::update(tx, op)?;
    }
    // What was edited since repairs the write, so it goes where that goes: with the write's group.
    for later in ops.iter_mut().filter(|later| later.op_seq > op.op_seq && later.group.is_none()) {
        later.group.clone_from(&op.group);
    }
    let left = compact(tx, ops)?;
    if let Some(mut row) = documents::by_row(tx, op.document)? {
        save_view(tx, &mut row, &left)?;
    }
    tx.queued();
    Ok(())
}

/// Gives up an operation that is parked, or that no request has carried yet: the journal keeps what it held, and the view goes back to the
/// server's state with what else is pending. Giving up a create gives up the document.
///
/// # Errors
/// `NOT_FOUND` if there is no such operation. One that was sent is none: the server may have it.
pub(crate) fn discard(tx: &Tx<'_>, device: &Device, id: OpId) -> Result<()> {
    let op = find(tx, id, |op| op.state == OpState::Parked || op.is_open())?;
    let mut row = documents::by_row(tx, op.document)?
        .ok_or_else(|| Error::internal(format!("operation {id} has no document")))?;
    let mut ops = outbox::of_document(tx, op.document)?;
    freeze_create(tx, &row, &mut ops)?;
    let whole = op.kind == OpKind::Create && row.server_body().is_none();
    let (gone, mut left): (Vec<_>, Vec<_>) = ops.into_iter().partition(|other| whole || other.op_id == id);
    for op in &gone {
        unlink(op, &mut left);
        give_up(tx, device, &row, op)?;
    }
    for op in &left {
        outbox::update(tx, op)?;
    }
    if let Some(conflict) = conflicts::of_document(tx, op.collection, &op.doc_id)?
        && left.is_empty()
    {
        conflicts::remove(tx, conflict.id)?;
    }
    save_view(tx, &mut row, &left)?;
    tx.queued();
    Ok(())
}

fn give_up(tx: &Tx<'_>, device: &Device, row: &DocumentRow, op: &Operation) -> Result<()> {
    let lost = match &op.changes {
        Some(changes) => Value::Object(changes.to_patch()).to_string(),
        None => r#"{"deleted":true}"#.to_owned(),
    };
    journal::record(
        tx,
        &Loss {
            at_ms: device.server_now_ms(),
            collection: op.collection,
            doc_id: &op.doc_id,
            op_id: Some(op.op_id),
            reason: LossReason::Discarded,
            lost,
            kept: row.server_body().cloned(),
        },
    )?;
    outbox::end(tx, op, Settled::Discarded)
}

fn find(tx: &Tx<'_>, id: OpId, fits: impl Fn(&Operation) -> bool) -> Result<Operation> {
    outbox::by_id(tx, id)?.filter(fits).ok_or_else(|| Error::not_found("operation", id.to_string()))
}

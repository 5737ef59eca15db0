//! The server's answer to one operation. Pure.

use super::rebase::see_again;
use super::{GroupFate, Pending, Rebased, RetryPolicy, Source, park, rebase_onto, view};
use crate::conflict::Rules;
use crate::device::Device;
use crate::error::Result;
use crate::model::{Fields, OpError, OpEvent, OpKind, Operation, RemoteChange, Version, WriteOutcome};
use crate::store::documents::DocumentRow;

/// What an acknowledgement says.
pub(crate) struct Acknowledgement<'o> {
    pub version: Option<Version>,
    pub seq: Option<i64>,
    pub updated_ms: Option<i64>,
    /// The document, if it is not what the device can compute.
    pub record: Option<&'o RemoteChange>,
    /// The snapshot of the stream that is being read.
    pub generation: i64,
}

/// Ends an operation that the server has accepted; what was queued behind it goes on from there.
pub(crate) fn acknowledge(
    pending: &mut Pending,
    device: &Device,
    rules: &Rules,
    at: usize,
    ack: &Acknowledgement<'_>,
) -> Result<Rebased> {
    let op = pending.ops[at].clone();
    let computed = own_effect(&pending.row, &op)?;
    let newer = ack.seq.is_some_and(|seq| pending.row.seq.is_none_or(|have| seq > have));
    if newer {
        let row = &mut pending.row;
        row.base = match ack.record {
            Some(record) => record.body.clone(),
            None => computed.as_ref().map(view::body_text),
        };
        row.version = ack.version;
        row.seq = ack.seq;
        row.updated_ms = ack.updated_ms.or(row.updated_ms);
        row.generation = ack.generation;
        row.evicted &= op.kind != OpKind::Delete;
    }
    pending.end(at, WriteOutcome::Accepted(ack.version));
    if pending.ops.is_empty() {
        return Ok(Rebased::default());
    }
    let Some(record) = ack.record else {
        // Without a record, this version has no change of another device: what was edited since is based on exactly this version. (Not on
        // the row's, which may have moved on already: then the server holds the next operation against that.)
        follow(pending, ack.version);
        return Ok(Rebased::default());
    };
    if is_next(&op, ack.version) {
        // What differs is what the server itself has filled in: that is not another device's edit.
        follow(pending, ack.version);
        let fields = record.body.as_deref().map(view::parse_body).transpose()?;
        see_again(pending, fields.as_ref());
        return Ok(Rebased::default());
    }
    rebase_onto(pending, device, rules, record, computed.as_ref(), Source::Merged)
}

/// Whether a version is the very next one after that on which an operation was based: then nothing else was written in between.
fn is_next(op: &Operation, version: Option<Version>) -> bool {
    version.is_some_and(|version| version == op.base_version.unwrap_or(0) + 1)
}

fn follow(pending: &mut Pending, version: Option<Version>) {
    for next in &mut pending.ops {
        next.base_version = version.or(next.base_version);
    }
}

/// A state shows that the server has accepted an operation: ends it. `before`: the row before that state. Returns the document with that
/// operation's effect alone: others' changes are what differs from it.
pub(crate) fn accept_by_state(
    pending: &mut Pending,
    at: usize,
    before: &DocumentRow,
    state: &RemoteChange,
) -> Result<Option<Fields>> {
    let Some(op) = pending.ops.get(at) else { return Ok(None) };
    let known = match is_next(op, state.version) {
        true => state.body.as_deref().map(view::parse_body).transpose()?,
        false => own_effect(before, op)?,
    };
    if let Some(group) = op.group.clone() {
        pending.groups.push((group, GroupFate::Accepted));
    }
    pending.end(at, WriteOutcome::Accepted(state.version));
    Ok(known)
}

/// The server's document after an operation that it took as it was sent. `None` if that deletes it.
fn own_effect(row: &DocumentRow, op: &Operation) -> Result<Option<Fields>> {
    let base = || row.server_body().map(|body| view::parse_body(body)).transpose();
    Ok(match (op.kind, &op.changes) {
        (OpKind::Delete, _) => None,
        (OpKind::Action, _) | (OpKind::Update, None) => base()?,
        (OpKind::Create, None) => row.body.as_deref().map(view::parse_body).transpose()?,
        (OpKind::Create, Some(_)) => op.created(),
        (OpKind::Update, Some(changes)) => {
            let mut fields = base()?.unwrap_or_default();
            changes.apply(&mut fields);
            Some(fields)
        }
    })
}

/// The server says that an operation had no effect: it may change and go again.
pub(crate) fn had_no_effect(pending: &mut Pending, at: usize, error: Option<OpError>) {
    if let Some(op) = pending.ops.get_mut(at) {
        op.on(OpEvent::NoEffect);
        op.last_error = error.or(op.last_error.take());
    }
}

/// The server could not take an operation now. It goes again unchanged after a wait; after too many attempts it is parked. Returns whether
/// it is parked.
pub(crate) fn defer(
    pending: &mut Pending,
    device: &Device,
    at: usize,
    error: &OpError,
    retry: &RetryPolicy,
) -> Result<bool> {
    let Some(op) = pending.ops.get_mut(at) else { return Ok(false) };
    op.attempts += 1;
    if op.attempts >= retry.max_attempts {
        return park(pending, at, error.clone());
    }
    let wait = retry.delay(op.attempts, device.entropy.as_ref());
    op.on(OpEvent::NoAnswer);
    op.last_error = Some(error.clone());
    op.not_before_ms = device.clock.wall_ms() + wait.as_millis() as i64;
    Ok(false)
}

/// Lets an operation wait until `until_ms`, device time: others go first.
pub(crate) fn wait(pending: &mut Pending, at: usize, until_ms: i64, error: OpError) {
    if let Some(op) = pending.ops.get_mut(at) {
        op.not_before_ms = until_ms;
        op.last_error = Some(error);
    }
}

//! A local write: the view changes and the operation is queued, in one transaction.

use super::coalesce::{Merge, Neighbours, Next, compact, fold_into_delete, join, may_join};
use super::new_operation::operation;
use super::park::yield_to_delete;
use super::references::{References, adopt, link};
use super::view::{self, body_text};
use super::{Pending, Ticket};
use crate::conflict::Rules;
use crate::device::Device;
use crate::error::{Error, ErrorCode, Result};
use crate::model::{
    Body, Change, Changes, DocumentId, Fields, OpEvent, OpId, OpKind, OpState, Operation, Seen, Stamp, Version,
    WriteOutcome, between, check_view, same,
};
use crate::store::Tx;
use crate::store::documents::DocumentRow;
use crate::store::operations::changes_bytes;
use holm_protocol::json::Bounds;

/// How an update is given.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    /// A merge patch with field operations.
    Patch(Fields),
    /// The whole document: counts as its difference from what the device shows.
    Replace(Fields),
    /// The whole document, made from this version of it: counts as its difference from that version.
    ReplaceFrom(Fields, Version),
    /// Changes that lost once, to be made again.
    Again(Changes),
}

/// Where a write goes, and as what.
pub(crate) struct Place<'a> {
    pub collection: i64,
    /// The collection's name.
    pub name: &'a str,
    pub rules: &'a Rules,
    pub id: &'a DocumentId,
    pub group: Option<&'a str>,
    pub references: &'a References,
}

/// Makes a document. A document deleted here before may be made again under its id.
///
/// # Errors
/// `ALREADY_EXISTS` if it is there, or was evicted. `INVALID_DOCUMENT` if it and others would wait for each other.
pub(crate) fn create(tx: &Tx<'_>, device: &Device, place: &Place<'_>, body: Body) -> Result<OpId> {
    let ticket = Ticket::new(tx, device, place.group)?;
    if place.group.is_none() && place.references.is_empty() && Pending::create_unseen(tx, place, &ticket, &body)? {
        return Ok(ticket.op_id);
    }
    let mut pending = match Pending::find(tx, place.collection, place.id.as_str())? {
        Some(pending) => pending,
        None => Pending::unknown(DocumentRow::new(place.collection, place.id.as_str())),
    };
    let op_id = make(&mut pending, place, &ticket, body)?;
    let row = pending.save(tx, device)?;
    link(tx, &row, place.references)?;
    adopt(tx, &row, place.references)?;
    Ok(op_id)
}

pub(super) fn make(pending: &mut Pending, place: &Place<'_>, ticket: &Ticket, body: Body) -> Result<OpId> {
    let evicted = pending.row.evicted && pending.ops.is_empty();
    if pending.row.row != 0 && (!pending.row.hidden || evicted) {
        return Err(Error::AlreadyExists { collection: place.name.to_owned(), id: place.id.to_string() });
    }
    if let Some(last) = pending.ops.last()
        && last.kind == OpKind::Delete
        && last.is_open()
        && last.group == ticket.group
        && let Some(was) = view::before_last(&pending.row, &pending.ops)?
    {
        return undo_delete(pending, ticket, &was, &body);
    }
    let changes = match pending.ops.is_empty() {
        true => None,
        false => Some(between(&Fields::new(), &view::parse_body(&body)?, ticket.stamp)),
    };
    view::begin(&mut pending.row);
    pending.row.hidden = false;
    pending.row.body = Some(body);
    pending.view_is_set = true;
    Ok(append(pending, ticket, OpKind::Create, changes, Seen::default()))
}

/// Deleted and made again before anything was sent: to the server that is an update, or nothing. `was`: the document before the delete
/// and before what was joined to it.
fn undo_delete(pending: &mut Pending, ticket: &Ticket, was: &Fields, body: &str) -> Result<OpId> {
    let last = pending.ops.len() - 1;
    let delete = &mut pending.ops[last];
    let op_id = delete.op_id;
    let wanted = view::parse_body(body)?;
    // What was edited before the delete is a part of the update again, with its own stamps.
    let joined = delete.changes.take().unwrap_or_default();
    let mut shown = was.clone();
    joined.apply(&mut shown);
    let changes = joined.then(between(&shown, &wanted, ticket.stamp));
    let changes = without_effect(changes, was);
    if changes.is_empty() {
        pending.end(last, WriteOutcome::Withdrawn);
        return Ok(op_id);
    }
    delete.kind = OpKind::Update;
    delete.before = Seen::of(&changes, was);
    delete.changes = Some(changes);
    delete.stamp = delete.stamp.max(ticket.stamp);
    pending.queued = true;
    Ok(op_id)
}

/// Leaves out the changes of a document that end where they began. An increment and its opposite count; the rest of a set edit does too.
fn without_effect(changes: Changes, was: &Fields) -> Changes {
    let mut after = was.clone();
    changes.apply(&mut after);
    let net = between(was, &after, changes.latest().unwrap_or_default());
    let mut left = changes;
    left.retain(|path, _| net.paths().any(|moved| moved.meets(path)));
    left
}

/// Changes a document. `None` if that changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `EVICTED`, `INVALID_DOCUMENT` if an operator does not fit the present value, `UNSUPPORTED` for an unknown one.
pub(crate) fn update(tx: &Tx<'_>, device: &Device, place: &Place<'_>, edit: &Edit) -> Result<Option<OpId>> {
    let mut pending = visible(tx, place)?;
    let ticket = Ticket::new(tx, device, place.group)?;
    let op_id = change(&mut pending, place.rules, &ticket, edit, device.limits.document())?;
    if op_id.is_some() {
        if let Some((op, changes)) = pending.ops.last().and_then(|op| Some((op, op.changes.as_ref()?))) {
            // What travels may be more than what the user then sees.
            device.limits.check_operation(changes_bytes(changes, op.stamp), changes.operations())?;
        }
        let row = pending.save(tx, device)?;
        link(tx, &row, place.references)?;
    }
    Ok(op_id)
}

fn change(pending: &mut Pending, rules: &Rules, ticket: &Ticket, edit: &Edit, bounds: Bounds) -> Result<Option<OpId>> {
    let mut fields = pending.shown()?;
    let changes = match edit {
        Edit::Patch(patch) => Changes::from_patch(patch, &fields, ticket.stamp)?,
        Edit::Replace(whole) => between(&fields, whole, ticket.stamp),
        Edit::ReplaceFrom(whole, version) => {
            // What is shown that way already is no change.
            without_effect(between(&based_on(pending, *version)?, whole, ticket.stamp), &fields)
        }
        Edit::Again(lost) => again(lost, &fields, ticket.stamp),
    };
    let changes = rules.as_meant(changes, &fields);
    if changes.is_empty() {
        return Ok(None);
    }
    let before = Seen::of(&changes, &fields);
    changes.apply(&mut fields);
    check_view(&fields, bounds)?;

    let next = Next::Update { changes, before };
    let merge = pending.ops.last_mut().map_or(Merge::Append, |last| join(last, &next, ticket));
    let Next::Update { changes, before } = next else { return Ok(None) };
    let op_id = match (merge, pending.ops.last()) {
        (Merge::Joined, Some(_)) => {
            pending.queued = true;
            // A set of the same place in the place of the increment between them: nothing keeps the two sets apart any more.
            compact(pending, Neighbours::OfOneFrame);
            pending.ops.last().map_or(ticket.op_id, |last| last.op_id)
        }
        _ => {
            pending.freeze_create()?;
            append(pending, ticket, OpKind::Update, Some(changes), before)
        }
    };
    view::begin(&mut pending.row);
    pending.row.body = Some(body_text(&fields));
    let joined = pending.ops.last().filter(|_| merge == Merge::Joined).and_then(|last| last.changes.as_ref());
    if joined.is_some_and(|joined| joined.round(&fields)) {
        view::rebuild(&mut pending.row, &pending.ops)?;
    }
    pending.view_is_set = true;
    Ok(Some(op_id))
}

/// What lost changes change in what is shown now. Increments and set edits stay what they are: what other devices have added meanwhile counts.
fn again(lost: &Changes, fields: &Fields, stamp: Stamp) -> Changes {
    let (mut values, mut whole) = (lost.clone(), fields.clone());
    values.retain(|_, change| !change.edit.commutes());
    values.apply(&mut whole);
    let mut changes = between(fields, &whole, stamp);
    for (path, Change { edit, .. }) in lost.iter().filter(|(_, change)| change.edit.commutes()) {
        let now = Changes::value_at(&whole, path);
        let after = edit.result(now);
        if now.is_none() || !now.zip(after.as_ref()).is_some_and(|(now, after)| same(now, after)) {
            changes.push(path.clone(), Change { edit: edit.clone(), stamp });
        }
    }
    changes
}

/// The server's document of a version. Only its last state is kept.
fn based_on(pending: &Pending, version: Version) -> Result<Fields> {
    match pending.row.server_body().filter(|_| pending.row.version == Some(version)) {
        Some(body) => view::parse_body(body),
        None => Err(Error::State {
            code: ErrorCode::VersionMismatch,
            message: format!("document {:?} is not at version {version} any more", pending.row.id),
        }),
    }
}

/// Deletes a document: it is hidden at once, and gone when the server has accepted that.
///
/// # Errors
/// `NOT_FOUND`.
pub(crate) fn delete(tx: &Tx<'_>, device: &Device, place: &Place<'_>) -> Result<OpId> {
    let mut pending = match Pending::find(tx, place.collection, place.id.as_str())? {
        // A delete needs no content.
        Some(pending) if !pending.row.hidden || pending.row.evicted && pending.ops.is_empty() => pending,
        _ => return Err(Error::not_found("document", place.id.as_str())),
    };
    let ticket = Ticket::new(tx, device, place.group)?;
    let op_id = hide(&mut pending, &ticket)?;
    let row = pending.save(tx, device)?;
    link(tx, &row, place.references)?;
    Ok(op_id)
}

fn hide(pending: &mut Pending, ticket: &Ticket) -> Result<OpId> {
    if let Some(op_id) = withdraw_refused_create(pending) {
        return Ok(op_id);
    }
    if pending.ops.last().is_some_and(|last| may_join(last, ticket)) {
        compact(pending, Neighbours::Deleted);
    }
    let merge = pending.ops.last_mut().map_or(Merge::Append, |last| join(last, &Next::Delete, ticket));
    let op_id = match (merge, pending.ops.last()) {
        (Merge::Withdrawn, Some(create)) => {
            let (op_id, at) = (create.op_id, pending.ops.len() - 1);
            pending.end(at, WriteOutcome::Withdrawn);
            return Ok(op_id);
        }
        (Merge::Joined, Some(last)) => {
            pending.queued = true;
            last.op_id
        }
        _ => {
            pending.freeze_create()?;
            append(pending, ticket, OpKind::Delete, None, Seen::default())
        }
    };
    yield_to_delete(pending);
    agree_on_delete(pending);
    view::begin(&mut pending.row);
    pending.row.hidden = true;
    pending.view_is_set = true;
    Ok(op_id)
}

/// The server has deleted the document, too: there is no conflict any more, and the delete goes to hear that.
fn agree_on_delete(pending: &mut Pending) {
    if pending.conflict.take_if(|conflict| conflict.server.is_none()).is_none() {
        return;
    }
    if let Some(at) = pending.ops.iter().position(|op| op.state == OpState::InConflict) {
        pending.ops[at].on(OpEvent::Resolved);
        fold_into_delete(pending, at);
    }
}

/// A document whose create was refused has never been on the server: deleting it takes back everything that waits.
fn withdraw_refused_create(pending: &mut Pending) -> Option<OpId> {
    let refused = pending.ops.first().filter(|op| op.kind == OpKind::Create && op.is_parked())?.op_id;
    // A refused group has no effect on the server: the rest of it waits for a decision without this member.
    let ungrouped = |op: &Operation| op.group.is_none() || op.is_parked() && !op.is_exact();
    let alone = pending.ops.iter().all(|op| ungrouped(op) && !op.was_sent() && op.kind != OpKind::Action);
    if !alone || pending.row.server_body().is_some() {
        return None;
    }
    while !pending.ops.is_empty() {
        pending.end(pending.ops.len() - 1, WriteOutcome::Withdrawn);
    }
    Some(refused)
}

fn visible(tx: &Tx<'_>, place: &Place<'_>) -> Result<Pending> {
    match Pending::find(tx, place.collection, place.id.as_str())? {
        Some(pending) if pending.row.evicted => {
            let id = place.id.as_str();
            let message = format!("the content of document {id:?} is not here any more: fetch it first");
            Err(Error::State { code: ErrorCode::Evicted, message })
        }
        Some(pending) if !pending.row.hidden => Ok(pending),
        _ => Err(Error::not_found("document", place.id.as_str())),
    }
}

fn append(pending: &mut Pending, ticket: &Ticket, kind: OpKind, changes: Option<Changes>, before: Seen) -> OpId {
    pending.queued = true;
    let op = operation(pending, ticket, kind, changes, before, None);
    let op_id = op.op_id;
    pending.ops.push(op);
    op_id
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;

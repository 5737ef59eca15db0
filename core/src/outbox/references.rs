//! Declared references: a document waits until those that it refers to are on the server.
//!
//! Invariants:
//! - An operation whose document refers to a document with a waiting create waits for that create, and for nothing else: a parked parent
//!   blocks only its descendants.
//! - The order in which the two were made does not matter: what refers to a document that is not here is noted, and waits once that is made.
//! - A parent that is given up, and was never on the server, parks what waits for it: none is sent without it unless the app says so.
//! - Waiting has no circles: the write that would close one is refused. A group waits for what its members wait for.

use super::new_operation::operation;
use super::{Pending, Ticket, park, view};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::model::{Change, Changes, Edit, Fields, OpError, OpKind, OpState, Operation, Path, Seen, WriteOutcome};
use crate::store::documents::{self, DocumentRow};
use crate::store::{Tx, dependencies, operations};
use serde_json::Value;
use std::collections::BTreeSet;

/// A waiting document's parent was given up.
const REFERENCE_DISCARDED: &str = "REFERENCE_DISCARDED";

/// What a collection's documents refer to, and whether others refer to them.
#[derive(Debug, Default)]
pub(crate) struct References {
    /// Paths that hold ids of documents, and their collections' numbers.
    pub to: Vec<(Path, i64)>,
    /// Some collection's documents refer to those of this one.
    pub named: bool,
}

impl References {
    /// No document waits for another one because of them.
    pub fn is_empty(&self) -> bool {
        self.to.is_empty() && !self.named
    }
}

/// Lets the newest write of a document wait for the creates that the document refers to, and notes what it refers to and is not here. No
/// write of the document waits for what it refers to no longer; a deleted document refers to nothing.
///
/// # Errors
/// `INVALID_DOCUMENT` if the documents would wait for each other.
pub(super) fn link(tx: &Tx<'_>, row: &DocumentRow, references: &References) -> Result<()> {
    if references.to.is_empty() || !row.is_pending() {
        return Ok(());
    }
    let mut writes = operations::of_document(tx, row.row)?;
    writes.retain(|op| op.kind != OpKind::Action);
    let Some(op) = writes.pop() else { return Ok(()) };
    let fields = match row.hidden {
        true => Fields::new(),
        false => view::parse_body(row.body.as_deref().unwrap_or("{}"))?,
    };
    let refers: BTreeSet<(i64, &str)> = (references.to.iter())
        .flat_map(|(path, collection)| ids(&fields, path).into_iter().map(move |id| (*collection, id)))
        .collect();
    for earlier in &writes {
        dependencies::retain(tx, earlier.op_seq, |collection, id| refers.contains(&(collection, id)))?;
    }
    dependencies::clear(tx, op.op_seq)?;
    for (collection, id) in refers {
        let parent = documents::find(tx, collection, id)?;
        if let Some(parent) = &parent {
            wait_for(tx, &op, parent)?;
        }
        if parent.is_none_or(|parent| parent.hidden && !parent.evicted) {
            dependencies::await_document(tx, op.op_seq, collection, id)?;
        }
    }
    Ok(())
}

/// Queues a write of what stands at these paths, as it stands: the server has it with ids that it does not know. What is queued for a path goes
/// with the right ids, or is sent once more after its answer.
pub(crate) fn send_again(tx: &Tx<'_>, device: &Device, (collection, id): (i64, &str), paths: &[Path]) -> Result<()> {
    let Some(mut pending) = Pending::find(tx, collection, id)?.filter(|pending| !pending.row.hidden) else {
        return Ok(());
    };
    pending.freeze_create()?;
    let shown = pending.shown()?;
    let queued =
        |path: &Path| pending.ops.iter().any(|op| op.changes.as_ref().is_some_and(|all| all.get(path).is_some()));
    let ticket = Ticket::new(tx, device, None)?;
    let changes: Changes = paths
        .iter()
        .filter(|path| !queued(path))
        .filter_map(|path| Some((path, Changes::value_at(&shown, path)?)))
        .map(|(path, value)| (path.clone(), Change { edit: Edit::Set(value.clone()), stamp: ticket.stamp }))
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    let before = Seen::of(&changes, &shown);
    let op = operation(&pending, &ticket, OpKind::Update, Some(changes), before, None);
    pending.ops.push(op);
    pending.queued = true;
    pending.save(tx, device).map(drop)
}

/// Lets what refers to a document that has just been made wait for it.
///
/// # Errors
/// `INVALID_DOCUMENT` if the documents would wait for each other.
pub(super) fn adopt(tx: &Tx<'_>, row: &DocumentRow, references: &References) -> Result<()> {
    if !references.named {
        return Ok(());
    }
    for op_seq in dependencies::take_awaiting(tx, row.collection, &row.id)? {
        // What a request has carried may be on the server already.
        if let Some(op) = operations::by_number(tx, op_seq)?.filter(|op| !op.was_sent()) {
            wait_for(tx, &op, row)?;
        }
    }
    Ok(())
}

/// Lets an operation wait for a document's create, if that waits, and neither is the operation's own document nor goes in the same group.
fn wait_for(tx: &Tx<'_>, op: &Operation, parent: &DocumentRow) -> Result<()> {
    if !parent.is_pending() || parent.row == op.document {
        return Ok(());
    }
    let create = operations::of_document(tx, parent.row)?.into_iter().find(|other| other.kind == OpKind::Create);
    if let Some(create) = create.filter(|create| create.group.is_none() || create.group != op.group) {
        refuse_circle(tx, op, &create)?;
        dependencies::add(tx, op.op_seq, create.op_seq)?;
    }
    Ok(())
}

/// The ids at a path: a text, or a list of texts.
fn ids<'f>(fields: &'f Fields, path: &Path) -> Vec<&'f str> {
    match Changes::value_at(fields, path) {
        Some(Value::String(id)) => vec![id],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Refuses to wait for an operation that waits, over others, for this document or its group.
fn refuse_circle(tx: &Tx<'_>, op: &Operation, create: &Operation) -> Result<()> {
    let needed = dependencies::needed_by(tx, create.op_seq)?;
    let mut own = operations::of_document(tx, op.document)?;
    if let Some(group) = &op.group {
        own.extend(operations::of_group(tx, group)?);
    }
    if own.iter().any(|own| needed.contains(&own.op_seq)) {
        let (child, parent) = (&op.doc_id, &create.doc_id);
        let message = format!("document {child:?} refers to {parent:?}, which waits for it: neither could be sent");
        return Err(Error::document(message));
    }
    Ok(())
}

/// Parks what a decided conflict leaves to send, if its parent was given up while the conflict was open.
pub(super) fn park_decided(pending: &mut Pending) -> Result<()> {
    for at in 0..pending.ops.len() {
        let orphaned = pending.ops[at].last_error.take_if(|error| error.code == REFERENCE_DISCARDED);
        if let Some(error) = orphaned {
            park(pending, at, error)?;
        }
    }
    Ok(())
}

/// Operations that wait for a create that ends now, without ever having been on the server.
#[derive(Default)]
pub(super) struct Orphans {
    /// It was given up.
    given_up: Vec<i64>,
    /// The person has deleted the new document, and decides for what refers to it as with any other document.
    free: Vec<i64>,
}

/// What waits for the creates of a document that end now.
pub(super) fn orphans(tx: &Tx<'_>, parent: &Pending) -> Result<Orphans> {
    let mut waiting = Orphans::default();
    for (op, how) in &parent.ended {
        if op.kind != OpKind::Create || parent.row.server_body().is_some() {
            continue;
        }
        match how {
            WriteOutcome::Discarded | WriteOutcome::Overridden => {
                waiting.given_up.extend(dependencies::on(tx, op.op_seq)?);
            }
            WriteOutcome::Withdrawn => waiting.free.extend(dependencies::on(tx, op.op_seq)?),
            _ => {}
        }
    }
    Ok(waiting)
}

impl Orphans {
    /// Parks those of which the parent was given up. If the document is made again, all wait for it again.
    pub fn settle(self, tx: &Tx<'_>, device: &Device, parent: &DocumentRow) -> Result<()> {
        for op_seq in self.free {
            dependencies::await_document(tx, op_seq, parent.collection, &parent.id)?;
        }
        for op_seq in self.given_up {
            let Some((mut child, at)) = Pending::of_number(tx, op_seq)? else { continue };
            let message = format!("document {:?}, to which it refers, was given up", parent.id);
            let error = OpError::new(REFERENCE_DISCARDED, message);
            match &child.ops[at].state {
                OpState::Open => drop(park(&mut child, at, error)?),
                // Parked once its conflict is decided: see `park_decided`.
                OpState::InConflict => child.ops[at].last_error = Some(error),
                _ => continue,
            }
            child.save(tx, device)?;
            dependencies::await_document(tx, op_seq, parent.collection, &parent.id)?;
        }
        Ok(())
    }
}

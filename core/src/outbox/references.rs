//! Declared references: a document waits until those that it refers to are on the server.
//!
//! Invariants:
//! - An operation whose document refers to a document with a waiting create waits for that create, and for nothing else: a parked parent
//!   blocks only its descendants.
//! - Waiting has no circles: the write that would close one is refused.

use super::view;
use crate::error::{Error, Result};
use crate::model::{Changes, Fields, OpKind, Operation, Path};
use crate::store::documents::{self, DocumentRow};
use crate::store::{Tx, dependencies, operations};
use serde_json::Value;
use std::collections::BTreeSet;

/// Lets the newest operation of a document wait for the creates that the document refers to. `references`: paths and the collections
/// whose ids they hold.
///
/// # Errors
/// `INVALID_DOCUMENT` if the documents would wait for each other.
pub(super) fn link(tx: &Tx<'_>, row: &DocumentRow, references: &[(Path, i64)]) -> Result<()> {
    if references.is_empty() || !row.is_pending() || row.hidden {
        return Ok(());
    }
    let ops = operations::of_document(tx, row.row)?;
    let Some(op) = ops.last().filter(|op| matches!(op.kind, OpKind::Create | OpKind::Update)) else { return Ok(()) };
    let fields = view::parse_body(row.body.as_deref().unwrap_or("{}"))?;
    dependencies::clear(tx, op.op_seq)?;
    for (path, collection) in references {
        for id in ids(&fields, path) {
            if let Some(create) = waiting_create(tx, *collection, id, op)? {
                refuse_circle(tx, op, &ops, create, id)?;
                dependencies::add(tx, op.op_seq, create)?;
            }
        }
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

/// The number of a document's create, if it waits, and neither is this document's nor goes in the same group.
fn waiting_create(tx: &Tx<'_>, collection: i64, id: &str, op: &Operation) -> Result<Option<i64>> {
    let Some(row) = documents::find(tx, collection, id)?.filter(DocumentRow::is_pending) else { return Ok(None) };
    if row.row == op.document {
        return Ok(None);
    }
    let ops = operations::of_document(tx, row.row)?;
    let create = ops.into_iter().find(|other| other.kind == OpKind::Create);
    Ok(create.filter(|create| create.group.is_none() || create.group != op.group).map(|create| create.op_seq))
}

/// Refuses to wait for an operation that waits, over others, for this document.
fn refuse_circle(tx: &Tx<'_>, op: &Operation, own: &[Operation], create: i64, id: &str) -> Result<()> {
    let own: BTreeSet<i64> = own.iter().map(|own| own.op_seq).collect();
    let (mut left, mut seen) = (vec![create], BTreeSet::new());
    while let Some(next) = left.pop() {
        if own.contains(&next) {
            let message =
                format!("document {:?} refers to {id:?}, which waits for it: neither could be sent", op.doc_id);
            return Err(Error::document(message));
        }
        if seen.insert(next) {
            left.extend(dependencies::of(tx, next)?);
        }
    }
    Ok(())
}

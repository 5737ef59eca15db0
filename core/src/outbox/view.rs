//! What the user sees: the server's state with the pending operations applied.

use crate::error::{Error, Result};
use crate::model::{Changes, Fields, OpKind, Operation};
use crate::store::documents::{self, DocumentRow};
use crate::store::{Tx, outbox};
use serde_json::Value;

/// Computes a row's view anew from its base and the operations that are left, oldest first.
fn rebuild(row: &mut DocumentRow, ops: &[Operation]) -> Result<()> {
    if ops.is_empty() {
        if row.pending {
            row.body = row.base.take();
            row.pending = false;
        }
        row.hidden = row.body.is_none();
        return Ok(());
    }
    row.pending = true;
    let mut fields = row.base.as_deref().map(parse_body).transpose()?;
    let mut seen = fields.clone();
    for op in ops {
        match (op.kind, &op.changes) {
            // Its content is the body itself, and there is no other operation.
            (OpKind::Create, None) => {
                row.hidden = false;
                return Ok(());
            }
            (OpKind::Create, Some(changes)) => {
                let mut created = Fields::new();
                changes.apply(&mut created);
                fields = Some(created);
            }
            (OpKind::Update, changes) => match (&mut fields, changes) {
                (Some(fields), Some(changes)) => changes.apply(fields),
                (Some(_), None) => {}
                // Deleted on the server: until that is settled the user goes on seeing what was there.
                (None, _) => {
                    row.hidden = false;
                    return Ok(());
                }
            },
            (OpKind::Delete, _) => fields = None,
        }
        if fields.is_some() {
            seen.clone_from(&fields);
        }
    }
    row.hidden = fields.is_none();
    // A deleted document keeps what it last held, for those who ask for deleted ones.
    if let Some(seen) = seen {
        row.body = Some(body_text(&seen));
    }
    Ok(())
}

/// Writes a row as it is with the operations that are left. A document that is nowhere any more goes away.
pub(crate) fn save_view(tx: &Tx<'_>, row: &mut DocumentRow, left: &[Operation]) -> Result<()> {
    rebuild(row, left)?;
    if left.is_empty() && row.body.is_none() && row.seq.is_none() {
        return documents::remove(tx, row.row);
    }
    documents::update(tx, row)
}

/// Gives a create that borrows the document's body a copy of its own, before the body changes.
pub(crate) fn freeze_create(tx: &Tx<'_>, row: &DocumentRow, ops: &mut [Operation]) -> Result<()> {
    if let [op] = ops
        && op.kind == OpKind::Create
        && op.changes.is_none()
    {
        let fields = parse_body(row.body.as_deref().unwrap_or("{}"))?;
        op.changes = Some(Changes::between(&Fields::new(), &fields));
        outbox::update(tx, op)?;
    }
    Ok(())
}

/// Closes the gap that `removed` leaves: the next operation on the same field now starts from what `removed` started from.
pub(crate) fn unlink(removed: &Operation, following: &mut [Operation]) {
    let Some(changes) = &removed.changes else { return };
    for name in changes.0.keys() {
        let toucher = following.iter_mut().find(|op| op.changes.as_ref().is_some_and(|c| c.0.contains_key(name)));
        if let Some(op) = toucher {
            match removed.before.get(name) {
                Some(value) => op.before.insert(name.clone(), value.clone()),
                None => op.before.remove(name),
            };
        }
    }
}

/// The tree of a stored body.
pub(crate) fn parse_body(body: &str) -> Result<Fields> {
    serde_json::from_str(body).map_err(|e| Error::internal(format!("stored document: {e}")))
}

/// The text of a tree.
pub(crate) fn body_text(fields: &Fields) -> String {
    // A map of JSON values always has a text.
    serde_json::to_string(fields).unwrap_or_else(|_| Value::Object(fields.clone()).to_string())
}

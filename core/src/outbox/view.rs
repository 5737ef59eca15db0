//! What the user sees: the server's state with the pending operations applied. Pure.

use crate::error::{Error, Result};
use crate::model::{Fields, OpKind, Operation};
use crate::store::documents::DocumentRow;
use serde_json::Value;

/// Computes a row's view anew from its base and the operations that are left, oldest first.
pub(super) fn rebuild(row: &mut DocumentRow, ops: &[Operation]) -> Result<()> {
    let Some(first) = ops.first() else {
        if row.is_pending() {
            row.body = row.base.take();
            row.first_op = 0;
        }
        row.hidden = row.body.is_none();
        return Ok(());
    };
    begin(row);
    row.first_op = first.op_seq;
    let mut fields = row.base.as_deref().map(parse_body).transpose()?;
    let mut seen = fields.clone();
    for op in ops {
        match (op.kind, &op.changes) {
            (OpKind::Action, _) => {}
            // Its content is the body itself, and no other operation writes.
            (OpKind::Create, None) => {
                row.hidden = false;
                return Ok(());
            }
            (OpKind::Create, Some(_)) => fields = op.created(),
            (OpKind::Update, Some(changes)) => match &mut fields {
                Some(fields) => changes.apply(fields),
                // Deleted on the server: until that is settled the user goes on seeing what was there.
                None => {
                    row.hidden = false;
                    return Ok(());
                }
            },
            (OpKind::Update, None) => {}
            (OpKind::Delete, changes) => {
                // A deleted document keeps what it last held, for those who ask for deleted ones.
                if let (Some(fields), Some(changes)) = (&mut fields, changes) {
                    changes.apply(fields);
                    seen = Some(fields.clone());
                }
                fields = None;
            }
        }
        if fields.is_some() {
            seen.clone_from(&fields);
        }
    }
    row.hidden = fields.is_none();
    if let Some(seen) = seen {
        row.body = Some(body_text(&seen));
    }
    Ok(())
}

/// From the first pending write on, the server's state has a place of its own. Actions alone change no content.
pub(super) fn begin(row: &mut DocumentRow) {
    if !row.is_pending() {
        row.base = if row.evicted { None } else { row.body.clone() };
        // Set to the number of the first operation when the row is saved.
        row.first_op = -1;
    }
}

/// The document before the last operation of its queue, as the user saw it. `None` if it was not there.
pub(super) fn before_last(row: &DocumentRow, ops: &[Operation]) -> Result<Option<Fields>> {
    let mut fields = row.base.as_deref().map(parse_body).transpose()?;
    let earlier = ops.split_last().map_or(ops, |(_, earlier)| earlier);
    for op in earlier {
        match (op.kind, &op.changes) {
            (OpKind::Create, _) => fields = Some(op.created().unwrap_or_default()),
            (OpKind::Update, Some(changes)) => {
                if let Some(fields) = &mut fields {
                    changes.apply(fields);
                }
            }
            (OpKind::Delete, _) => fields = None,
            (OpKind::Update | OpKind::Action, _) => {}
        }
    }
    Ok(fields)
}

/// The tree of a stored body.
pub(crate) fn parse_body(body: &str) -> Result<Fields> {
    serde_json::from_str(body).map_err(Error::damaged)
}

/// The text of a tree.
pub(crate) fn body_text(fields: &Fields) -> String {
    // A map of JSON values always has a text.
    serde_json::to_string(fields).unwrap_or_else(|_| Value::Object(fields.clone()).to_string())
}

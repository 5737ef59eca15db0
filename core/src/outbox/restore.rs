//! Writing back a value that lost.

use super::{Edit, Place, create, delete, update, view};
use crate::conflict::Rules;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::model::{DocumentId, Fields, OpId};
use crate::store::journal::{self, Lost};
use crate::store::{Tx, documents};
use std::sync::Arc;

/// Writes the values of a journal entry back as a write of now: an update of the document, its create if it is not there any more, or its
/// delete. `place` tells the name and the rules of a
/// collection. `None` if the document has these values already.
///
/// # Errors
/// `NOT_FOUND` if there is no such entry, and those of the write.
pub(crate) fn restore(
    tx: &Tx<'_>,
    device: &Device,
    id: i64,
    place: impl FnOnce(i64) -> Result<(String, Arc<Rules>)>,
) -> Result<(String, Option<OpId>)> {
    let loss = journal::by_id(tx, id)?.ok_or_else(|| Error::not_found("journal entry", id.to_string()))?;
    let (name, rules) = place(loss.collection)?;
    let doc_id = DocumentId::new(loss.doc_id.clone())?;
    let place =
        Place { collection: loss.collection, name: &name, rules: &rules, id: &doc_id, group: None, references: &[] };
    let shown = documents::find(tx, loss.collection, &loss.doc_id)?.filter(|row| !row.hidden);
    let op_id = match (&loss.lost, shown) {
        (Lost::Delete(_), Some(_)) => Some(delete(tx, device, &place)?),
        (Lost::Delete(_), None) => None,
        (Lost::Paths(changes), Some(row)) => {
            let mut fields = view::parse_body(row.body.as_deref().unwrap_or("{}"))?;
            changes.apply(&mut fields);
            update(tx, device, &place, &Edit::Replace(fields))?
        }
        (Lost::Paths(changes), None) => {
            let kept = loss.kept.as_deref().map(view::parse_body).transpose()?;
            let mut fields: Fields = kept.unwrap_or_default();
            changes.apply(&mut fields);
            Some(create(tx, device, &place, view::body_text(&fields))?)
        }
    };
    Ok((loss.doc_id, op_id))
}

//! Writing back a value that lost.

use super::references::References;
use super::{Edit, Place, Target, act, create, delete, update, view};
use crate::conflict::Rules;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::model::{DocumentId, Fields, OpId, check_view};
use crate::store::journal::{self, Lost};
use crate::store::{Tx, documents};
use std::sync::Arc;

/// What a write must know of its collection.
pub(crate) struct Home {
    /// The collection's name.
    pub name: String,
    pub rules: Arc<Rules>,
    pub references: References,
    /// The group that the write belongs to.
    pub group: Option<String>,
}

/// Writes the values of a journal entry back as a write of now: an update of the document, its create if it is not there any more, or its
/// delete. An action is queued as a new call. `home` tells of a collection and of the group of the write. Returns the document, and no
/// operation if it has these values already.
///
/// # Errors
/// `NOT_FOUND` if there is no such entry, and those of the write.
pub(crate) fn restore(
    tx: &Tx<'_>,
    device: &Device,
    id: i64,
    home: impl FnOnce(i64) -> Result<Home>,
) -> Result<(String, Option<OpId>)> {
    let loss = journal::by_id(tx, id)?.ok_or_else(|| Error::not_found("journal entry", id.to_string()))?;
    if let Lost::Call(action) = loss.lost {
        let target = Target { collection: loss.collection, doc_id: &loss.doc_id };
        let op_id = act(tx, device, &action.name, &target, action.params, None)?;
        return Ok((loss.doc_id, Some(op_id)));
    }
    let Home { name, rules, references, group } = home(loss.collection)?;
    let doc_id = DocumentId::new(loss.doc_id.clone())?;
    let place = Place {
        collection: loss.collection,
        name: &name,
        rules: &rules,
        id: &doc_id,
        group: group.as_deref(),
        references: &references,
    };
    let shown = documents::find(tx, loss.collection, &loss.doc_id)?.filter(|row| !row.hidden);
    let op_id = match (&loss.lost, shown) {
        (Lost::Delete(_), Some(_)) => Some(delete(tx, device, &place)?),
        (Lost::Paths(changes), Some(_)) => update(tx, device, &place, &Edit::Again(changes.clone()))?,
        (Lost::Paths(changes), None) => {
            let kept = loss.kept.as_deref().map(view::parse_body).transpose()?;
            let mut fields: Fields = kept.unwrap_or_default();
            changes.apply(&mut fields);
            check_view(&fields, device.limits.document())?;
            Some(create(tx, device, &place, view::body_text(&fields))?)
        }
        (Lost::Delete(_) | Lost::Call(_), _) => None,
    };
    Ok((loss.doc_id, op_id))
}

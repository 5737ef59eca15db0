//! One write from its record as stored to its effect.

use super::decide::{CurrentRecord, Decision, Live, Proposal, Refusal, WriteRules, decide};
use super::write_set::{Author, Names, WriteSet};
use crate::model::{Change, CollectionName, FieldStamps};
use crate::store::StoreError;
use crate::store::records::Record;

/// A write on its way to a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Write<'a> {
    pub(super) collection: &'a CollectionName,
    pub(super) names: Names<'a>,
    pub(super) change: &'a Change,
    pub(super) base: Option<i64>,
    pub(super) author: Author<'a>,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Effect {
    /// The record or tombstone is this now.
    Written {
        record: Record,
        /// Whether the device cannot know it from what it sent and what it had.
        restated: bool,
    },
    /// It was so before. `None`: there is nothing, and nothing was wanted.
    AlreadySo(Option<Record>),
    /// It was refused; the record is what it was.
    Refused(Refusal, Option<Record>),
}

/// Decides on a write and carries it out.
pub(super) fn apply(
    set: &mut WriteSet<'_>,
    write: Write<'_>,
    record: Option<Record>,
    rules: WriteRules<'_>,
) -> Result<Effect, StoreError> {
    let live = record.as_ref().map(read).transpose()?.flatten();
    let found = match (&live, &record) {
        (Some(live), _) => CurrentRecord::Live(live),
        (None, Some(tombstone)) => CurrentRecord::Deleted { version: tombstone.version },
        (None, None) => CurrentRecord::Absent,
    };
    let proposal = Proposal { change: write.change, base: write.base, hlc: write.author.hlc };
    Ok(match (decide(found, proposal, rules), record) {
        (Err(refusal), record) => Effect::Refused(refusal, record),
        (Ok(Decision::Put(put)), record) => {
            let restated = put.restated;
            Effect::Written { record: set.put(write.collection, record, write.names, put, write.author)?, restated }
        }
        (Ok(Decision::Delete { version }), Some(record)) => {
            Effect::Written { record: set.delete(write.collection, record, version, write.author)?, restated: false }
        }
        (Ok(Decision::AlreadySo | Decision::Delete { .. }), record) => Effect::AlreadySo(record),
    })
}

/// The record for a decision; none if it is a tombstone.
fn read(record: &Record) -> Result<Option<Live>, StoreError> {
    let unreadable = |error: serde_json::Error| StoreError::Broken(format!("record {}: {error}", record.row));
    let Some(body) = &record.body else { return Ok(None) };
    let fields = serde_json::from_str(body).map_err(unreadable)?;
    let stamps = FieldStamps::from_stored(record.field_stamps.as_deref()).map_err(unreadable)?;
    Ok(Some(Live { version: record.version, created_version: record.created_version, fields, stamps }))
}

//! One write from its record as stored to its effect.

use super::ahead::Ahead;
use super::decide::{Decision, Refusal, Write, WriteRules};
use super::stored::decided;
use super::write_set::{Author, RecordName, WriteSet};
use crate::store::StoreError;
use crate::store::records::Record;

/// The effect of a write.
#[derive(Debug)]
pub(super) enum Effect {
    /// It made this record or tombstone.
    Written {
        record: Record,
        /// Whether the device cannot know it from what it sent and what it had.
        restated: bool,
    },
    /// Nothing: this record is already what the write would make of it. `None`: a delete of what was never there.
    AlreadySo(Option<Record>),
    /// Nothing: it was refused, and this record is what it was.
    Refused(Refusal, Option<Record>),
}

/// Decides on a write of `author` to a record, unless that was done ahead, and carries the decision out.
pub(super) fn apply(
    set: &mut WriteSet<'_>,
    name: RecordName<'_>,
    write: Write<'_>,
    author: Author<'_>,
    record: Option<Record>,
    rules: WriteRules<'_>,
    ahead: Option<&Ahead>,
) -> Result<Effect, StoreError> {
    let decision = match ahead.and_then(|ahead| ahead.on(record.as_ref())) {
        Some(decision) => decision,
        None => decided(record.as_ref(), write, rules)?,
    };
    Ok(match (decision, record) {
        (Err(refusal), record) => Effect::Refused(refusal, record),
        (Ok(Decision::Put(put)), record) => {
            if let Some(refusal) = set.refuse(name.collection, record.as_ref(), &put)? {
                return Ok(Effect::Refused(refusal, record));
            }
            let restated = put.restated;
            Effect::Written { record: set.put(name, record, put, author)?, restated }
        }
        (Ok(Decision::Delete { version }), Some(record)) => {
            Effect::Written { record: set.delete(name.collection, record, version, author)?, restated: false }
        }
        (Ok(Decision::AlreadySo | Decision::Delete { .. }), record) => Effect::AlreadySo(record),
    })
}

//! Deciding on a write to a record as it is stored.

use super::decide::{CurrentRecord, Decision, Live, Refusal, Write, WriteRules, decide};
use crate::model::PathStamps;
use crate::store::StoreError;
use crate::store::records::Record;

/// Decides on a write to a record. `Err` outside: the record cannot be read.
pub(super) fn decided(
    record: Option<&Record>,
    write: Write<'_>,
    rules: WriteRules<'_>,
) -> Result<Result<Decision, Refusal>, StoreError> {
    let live = record.map(read).transpose()?.flatten();
    let current = match (live, record) {
        (Some(live), _) => CurrentRecord::Live(live),
        (None, Some(tombstone)) => CurrentRecord::Deleted { version: tombstone.version },
        (None, None) => CurrentRecord::Absent,
    };
    Ok(decide(current, write, rules))
}

/// The record for a decision. `None` if it is a tombstone.
fn read(record: &Record) -> Result<Option<Live>, StoreError> {
    let unreadable = |error: serde_json::Error| StoreError::Broken(format!("record {}: {error}", record.row));
    let Some(body) = &record.body else { return Ok(None) };
    let fields = serde_json::from_str(body).map_err(unreadable)?;
    let stamps = PathStamps::from_stored(record.path_stamps.as_deref()).map_err(unreadable)?;
    let created_hlc = record.create_hlc.as_ref().unwrap_or(&record.hlc).clone();
    Ok(Some(Live { version: record.version, created_version: record.created_version, created_hlc, fields, stamps }))
}

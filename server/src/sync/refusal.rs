//! Refusals as the protocol writes them.

use super::decide::{QuotaExcess, Refusal};
use super::wire;
use crate::config::Limits;
use crate::error::{Code, Failure};
use crate::model::Space;
use crate::store::records::Record;
use rusqlite::Connection;

/// Turns a refusal into a failure that carries the state which it rests on.
pub(super) fn explain(
    connection: &Connection,
    space: &Space,
    refusal: Refusal,
    record: Option<&Record>,
    limits: &Limits,
) -> Result<Failure, rusqlite::Error> {
    let failure = match refusal {
        Refusal::Invalid(details) => return Ok(Failure::invalid(&details)),
        Refusal::TooLarge => return Ok(too_large(limits)),
        Refusal::NotFound => return Ok(not_found()),
        Refusal::PreconditionRequired => {
            return Ok(Failure::new(
                Code::PreconditionRequired,
                "this collection needs the version that a write is based on",
            ));
        }
        Refusal::Exists => Failure::new(Code::RecordExists, "another record has this id"),
        Refusal::Quota(QuotaExcess { quota, current, limit, upgrade_url }) => {
            return Ok(Failure::quota(quota, current, limit, upgrade_url.as_deref()));
        }
        Refusal::Deleted => return Ok(record.map_or_else(not_found, deleted)),
        Refusal::Conflict(paths) => {
            let pointers: Vec<String> = paths.iter().map(ToString::to_string).collect();
            let message = "the record was changed since the version that the write is based on";
            Failure::new(Code::VersionConflict, message).with("deleted", &false).with("conflictingFields", &pointers)
        }
    };
    match record {
        None => Ok(failure),
        Some(record) => {
            let data = wire::full_record(connection, space, record)?;
            Ok(failure.with("currentVersion", &record.version).with_json("serverData", &data))
        }
    }
}

/// The failure of a call about a record that was deleted.
pub(crate) fn deleted(record: &Record) -> Failure {
    Failure::new(Code::RecordDeleted, "the record was deleted")
        .with("currentVersion", &record.version)
        .with("deleted", &true)
        .with_json("tombstone", &wire::full_tombstone(record))
}

/// The failure of a call about a record that is not known.
pub(crate) fn not_found() -> Failure {
    Failure::new(Code::RecordNotFound, "there is no such record")
}

fn too_large(limits: &Limits) -> Failure {
    let message = format!("the record would have more than {} bytes", limits.max_record_bytes);
    Failure::new(Code::PayloadTooLarge, message).with("limits", limits)
}

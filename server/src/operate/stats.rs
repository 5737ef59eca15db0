//! How much there is.

use super::{OperateError, database_of};
use crate::store::{self, Location, facts};
use serde::Serialize;
use std::path::Path;

/// How much the server keeps. Counts of rows, sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Stats {
    /// The random name of the database's history.
    pub epoch: String,
    /// Accounts.
    pub users: i64,
    /// Sign-ins that have not ended.
    pub sessions: i64,
    /// Devices that have written.
    pub devices: i64,
    /// Collections of all accounts.
    pub streams: i64,
    /// Live records.
    pub records: i64,
    /// Records that were deleted and are remembered as such.
    pub tombstones: i64,
    /// Bytes of live records' JSON.
    pub record_bytes: i64,
    /// Operations whose results are kept for repeats.
    pub operations: i64,
    /// Calls of actions that have not ended.
    pub running_jobs: i64,
    /// Calls of actions that have ended, with their results.
    pub ended_jobs: i64,
    /// The size of the database file.
    pub file_bytes: u64,
    /// The size of its log.
    pub log_bytes: u64,
    /// Bytes in the database file that are free for new rows.
    pub free_bytes: i64,
}

/// Counts what is in the database of `folder`, also beside a server that runs. Blocks.
///
/// # Errors
/// If it cannot be read.
pub fn stats(folder: &Path) -> Result<Stats, OperateError> {
    let file = database_of(folder)?;
    let connection = store::open_beside(&Location::Directory(folder.to_owned()))?;
    connection.execute_batch("BEGIN")?;
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let sum = |column: &str| number(&format!("SELECT coalesce(sum({column}), 0) FROM spaces"));
    let size = |path: &Path| path.metadata().map_or(0, |data| data.len());
    let (records, rows) = (sum("live_records")?, sum("all_rows")?);
    Ok(Stats {
        epoch: facts::find(&connection, facts::EPOCH)?.unwrap_or_default(),
        users: number("SELECT count(*) FROM users")?,
        sessions: number("SELECT count(*) FROM families WHERE revoked_ts IS NULL")?,
        devices: number("SELECT count(*) FROM devices")?,
        streams: number("SELECT count(*) FROM streams")?,
        records,
        tombstones: rows - records,
        record_bytes: sum("live_bytes")?,
        operations: sum("operations")?,
        running_jobs: number("SELECT count(*) FROM jobs WHERE state = 0")?,
        ended_jobs: number("SELECT count(*) FROM jobs WHERE state <> 0")?,
        file_bytes: size(&file),
        log_bytes: size(&folder.join("holm.db-wal")),
        free_bytes: number("SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size")?,
    })
}

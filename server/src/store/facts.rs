//! What is true of the whole database, by name: table `server`.

use super::WriteTx;
use rusqlite::{Connection, OptionalExtension, Result};

/// The name of the database's history.
pub(crate) const EPOCH: &str = "epoch";
/// The time of the last round of clean-up.
pub(super) const CLEANED: &str = "cleaned_ts";
/// The time of the last trial write.
const PROBED: &str = "probed_ts";

/// A fact, if it is there.
pub(crate) fn find(connection: &Connection, key: &str) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT value FROM server WHERE key = ?1")?;
    statement.query_row([key], |row| row.get(0)).optional()
}

/// Stores a fact in the place of what it was.
pub(super) fn put(connection: &Connection, key: &str, value: &str) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO server (key, value) VALUES (?1, ?2)")?
        .execute([key, value])
        .map(drop)
}

/// Writes on trial.
pub(crate) fn probe(tx: &WriteTx<'_>, now: i64) -> Result<()> {
    put(tx, PROBED, &now.to_string())
}

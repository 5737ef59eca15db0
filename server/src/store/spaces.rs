//! Spaces: one for each user.

use super::WriteTx;
use rusqlite::{Connection, Result};

/// Makes the space of a new user.
pub(crate) fn create(tx: &WriteTx<'_>, owner: i64) -> Result<()> {
    tx.prepare_cached("INSERT INTO spaces (owner, last_ts) VALUES (?1, 0)")?.execute([owner])?;
    Ok(())
}

/// The row of the space that a user owns.
pub(crate) fn of_owner(connection: &Connection, owner: i64) -> Result<i64> {
    connection.prepare_cached("SELECT id FROM spaces WHERE owner = ?1")?.query_row([owner], |row| row.get(0))
}

/// The stamp of the newest write in the space, 0 before the first.
pub(crate) fn last_ts(connection: &Connection, space: i64) -> Result<i64> {
    connection.prepare_cached("SELECT last_ts FROM spaces WHERE id = ?1")?.query_row([space], |row| row.get(0))
}

/// Stores the stamp of the newest write.
pub(crate) fn set_last_ts(tx: &WriteTx<'_>, space: i64, last_ts: i64) -> Result<()> {
    tx.prepare_cached("UPDATE spaces SET last_ts = ?2 WHERE id = ?1")?.execute([space, last_ts])?;
    Ok(())
}

//! Spaces: one for each user.

use super::WriteTx;
use rusqlite::{Connection, Result};

/// What a space holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Usage {
    /// Live records.
    pub(crate) records: i64,
    /// Live records and tombstones.
    pub(crate) rows: i64,
    /// Bytes of live records' JSON.
    pub(crate) bytes: i64,
    /// Pushed operations whose results are kept for repeats.
    pub(crate) operations: i64,
}

/// Makes the space of a new user.
pub(crate) fn create(tx: &WriteTx<'_>, owner: i64) -> Result<()> {
    tx.prepare_cached("INSERT INTO spaces (owner, last_us) VALUES (?1, 0)")?.execute([owner])?;
    Ok(())
}

/// The row of the space that a user owns.
pub(crate) fn of_owner(connection: &Connection, owner: i64) -> Result<i64> {
    connection.prepare_cached("SELECT id FROM spaces WHERE owner = ?1")?.query_row([owner], |row| row.get(0))
}

/// The stamp of the newest write in the space, 0 before the first.
pub(crate) fn last_us(connection: &Connection, space: i64) -> Result<i64> {
    connection.prepare_cached("SELECT last_us FROM spaces WHERE id = ?1")?.query_row([space], |row| row.get(0))
}

/// The same, and what the space holds.
pub(crate) fn head(connection: &Connection, space: i64) -> Result<(i64, Usage)> {
    connection
        .prepare_cached("SELECT last_us, live_records, all_rows, live_bytes, operations FROM spaces WHERE id = ?1")?
        .query_row([space], |row| {
            let (records, rows, bytes) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((row.get(0)?, Usage { records, rows, bytes, operations: row.get(4)? }))
        })
}

/// Stores the stamp of the newest write, and what the space holds now.
pub(crate) fn save(tx: &WriteTx<'_>, space: i64, last_us: i64, usage: Usage) -> Result<()> {
    tx.prepare_cached(
        "UPDATE spaces SET last_us = ?2, live_records = ?3, all_rows = ?4, live_bytes = ?5, operations = ?6 WHERE id = ?1",
    )?
    .execute([space, last_us, usage.records, usage.rows, usage.bytes, usage.operations])?;
    Ok(())
}

/// Takes rows that are gone off the space of a stream.
pub(crate) fn rows_gone(tx: &WriteTx<'_>, stream: i64, rows: i64) -> Result<()> {
    tx.prepare_cached(
        "UPDATE spaces SET all_rows = max(0, all_rows - ?2) WHERE id = (SELECT space FROM streams WHERE id = ?1)",
    )?
    .execute([stream, rows])?;
    Ok(())
}

/// Takes operations whose results are gone off the space of a user.
pub(crate) fn operations_gone(tx: &WriteTx<'_>, owner: i64, rows: i64) -> Result<()> {
    tx.prepare_cached("UPDATE spaces SET operations = max(0, operations - ?2) WHERE owner = ?1")?
        .execute([owner, rows])?;
    Ok(())
}

/// Live records, and these and tombstones, of all spaces together.
pub(crate) fn total(connection: &Connection) -> Result<(i64, i64)> {
    connection.query_row("SELECT coalesce(sum(live_records), 0), coalesce(sum(all_rows), 0) FROM spaces", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

//! The ledger: what became of each user's operations, kept for the maximum offline time, whichever device sends them again.
//!
//! Invariants:
//! - A row is keyed by user and operation id alone. A store that was restored or copied and now has another device id sends its old
//!   operations under their old ids, and finds what became of them.
//! - A confirmation (`ackOpSeq`) removes nothing. That the device knows a result says nothing of its copies.
//! - Rows are numbered in the order in which they were written, so the oldest are the first.

use super::WriteTx;
use rusqlite::{Connection, OptionalExtension, Result, params};

/// The result of an operation that has its effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The hash of the operation's content, to tell another one under the same id.
    pub(crate) content: [u8; 16],
    /// The record that it was about.
    pub(crate) record_id: String,
    /// Version, sequence number and stamp that it made; `None` for a delete of what was never there.
    pub(crate) made: Option<Made>,
    /// Whether its result carries the record.
    pub(crate) restated: bool,
}

/// The version and place that a write made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Made {
    /// The record's version.
    pub(crate) version: i64,
    /// Its place in the stream.
    pub(crate) seq: i64,
    /// Its stamp.
    pub(crate) updated_us: i64,
}

/// The greatest operation id that is known of a user. Ids of one device rise, so most new ones need not be looked up.
pub(crate) fn greatest(connection: &Connection, user: i64) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT max(op_id) FROM op_ledger WHERE user = ?1")?;
    statement.query_row([user], |row| row.get(0))
}

/// The result of an operation.
pub(crate) fn find(connection: &Connection, user: i64, op_id: &str) -> Result<Option<Entry>> {
    let mut statement = connection.prepare_cached(
        "SELECT content, record_id, version, seq, updated_us, restated FROM op_ledger WHERE user = ?1 AND op_id = ?2",
    )?;
    let entry = statement.query_row(params![user, op_id], |row| {
        let made = match row.get::<_, Option<i64>>(2)? {
            Some(version) => Some(Made { version, seq: row.get(3)?, updated_us: row.get(4)? }),
            None => None,
        };
        Ok(Entry { content: row.get(0)?, record_id: row.get(1)?, made, restated: row.get(5)? })
    });
    entry.optional()
}

/// Stores what became of an operation.
pub(crate) fn insert(tx: &WriteTx<'_>, user: i64, op_id: &str, now: i64, entry: &Entry) -> Result<()> {
    let mut statement = tx.prepare_cached(
        "INSERT OR FAIL INTO op_ledger (user, op_id, content, ts, record_id, version, seq, updated_us, restated)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    statement.execute(params![
        user,
        op_id,
        entry.content,
        now,
        entry.record_id,
        entry.made.map(|made| made.version),
        entry.made.map(|made| made.seq),
        entry.made.map(|made| made.updated_us),
        entry.restated,
    ])?;
    Ok(())
}

//! The ledger: what became of each device's operations, kept until the device confirms that it knows.

use super::WriteTx;
use rusqlite::{Connection, OptionalExtension, Result, params};

/// The result of an applied operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What the operation said, to tell another one under the same id.
    pub(crate) content: [u8; 16],
    /// The record that it wrote.
    pub(crate) record_id: String,
    /// Version, sequence number and stamp that it made; `None` for a delete of what was never there.
    pub(crate) made: Option<Made>,
    /// Whether its result carries the record.
    pub(crate) restated: bool,
}

/// What a write made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Made {
    /// The record's version.
    pub(crate) version: i64,
    /// Its place in the stream.
    pub(crate) seq: i64,
    /// Its stamp.
    pub(crate) updated_ts: i64,
}

/// The greatest operation id that is known of a device. Ids rise, so a new one need not be looked up.
pub(crate) fn greatest(connection: &Connection, device: i64) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT max(op_id) FROM op_ledger WHERE device = ?1")?;
    statement.query_row([device], |row| row.get(0))
}

/// What became of an operation.
pub(crate) fn find(connection: &Connection, device: i64, op_id: &str) -> Result<Option<Entry>> {
    let mut statement = connection.prepare_cached(
        "SELECT content, record_id, version, seq, updated_ts, restated FROM op_ledger WHERE device = ?1 AND op_id = ?2",
    )?;
    let entry = statement.query_row(params![device, op_id], |row| {
        let made = match row.get::<_, Option<i64>>(2)? {
            Some(version) => Some(Made { version, seq: row.get(3)?, updated_ts: row.get(4)? }),
            None => None,
        };
        Ok(Entry { content: row.get(0)?, record_id: row.get(1)?, made, restated: row.get(5)? })
    });
    entry.optional()
}

/// Stores what became of an operation.
pub(crate) fn insert(
    tx: &WriteTx<'_>,
    device: i64,
    op_id: &str,
    op_seq: Option<i64>,
    now: i64,
    entry: &Entry,
) -> Result<()> {
    let mut statement = tx.prepare_cached(
        "INSERT OR FAIL INTO op_ledger (device, op_id, op_seq, content, ts, record_id, version, seq, updated_ts, restated)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    statement.execute(params![
        device,
        op_id,
        op_seq,
        entry.content,
        now,
        entry.record_id,
        entry.made.map(|made| made.version),
        entry.made.map(|made| made.seq),
        entry.made.map(|made| made.updated_ts),
        entry.restated,
    ])?;
    Ok(())
}

/// Forgets an operation that the device knows the result of.
pub(crate) fn forget(tx: &WriteTx<'_>, device: i64, op_id: &str) -> Result<()> {
    tx.prepare_cached("DELETE FROM op_ledger WHERE device = ?1 AND op_id = ?2")?.execute(params![device, op_id])?;
    Ok(())
}

/// Forgets all operations up to a place in the device's order.
pub(crate) fn forget_up_to(tx: &WriteTx<'_>, device: i64, op_seq: i64) -> Result<()> {
    tx.prepare_cached("DELETE FROM op_ledger WHERE device = ?1 AND op_seq <= ?2")?.execute([device, op_seq])?;
    Ok(())
}

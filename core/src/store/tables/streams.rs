//! How far each collection has been read from the server, and the digest of what was read.

use crate::error::Result;
use crate::store::Tx;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::HashSet;

/// One stream's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamRow {
    pub collection: i64,
    /// The server's name for the space; none before the first reply.
    pub space: Option<String>,
    /// Where to go on. From the start if `None`.
    pub cursor: Option<String>,
    /// Raised when a snapshot starts anew.
    pub generation: i64,
    /// The snapshot of this generation is not complete yet.
    pub loading: bool,
    /// Over base rows without tombstones.
    pub live_count: i64,
    pub digest: u64,
    /// When a mismatch of the digest was last repaired, ms since 1970.
    pub repaired_ms: Option<i64>,
    /// When it was last read to its head, server time as known here, ms since 1970. `None` if never.
    pub read_ms: Option<i64>,
}

const COLUMNS: &str = "collection, space, cursor, generation, loading, live_count, digest, repaired_at, read_at";

fn read(row: &Row<'_>) -> rusqlite::Result<StreamRow> {
    Ok(StreamRow {
        collection: row.get(0)?,
        space: row.get(1)?,
        cursor: row.get(2)?,
        generation: row.get(3)?,
        loading: row.get(4)?,
        live_count: row.get(5)?,
        digest: row.get::<_, i64>(6)?.cast_unsigned(),
        repaired_ms: row.get(7)?,
        read_ms: row.get(8)?,
    })
}

/// A collection's stream, as it is before the first pull if it was never read.
pub(crate) fn get(connection: &Connection, collection: i64) -> Result<StreamRow> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM streams WHERE collection = ?1"))?;
    Ok(statement.query_row([collection], read).optional()?.unwrap_or(StreamRow {
        collection,
        space: None,
        cursor: None,
        generation: 1,
        loading: true,
        live_count: 0,
        digest: 0,
        repaired_ms: None,
        read_ms: None,
    }))
}

/// Writes a stream's state.
pub(crate) fn save(tx: &Tx<'_>, stream: &StreamRow) -> Result<()> {
    tx.prepare_cached(&format!(
        "INSERT OR REPLACE INTO streams ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    ))?
    .execute(params![
        stream.collection,
        stream.space,
        stream.cursor,
        stream.generation,
        stream.loading,
        stream.live_count,
        stream.digest.cast_signed(),
        stream.repaired_ms,
        stream.read_ms
    ])?;
    Ok(())
}

/// Notes that these collections have been read to their heads.
pub(crate) fn mark_read(tx: &Tx<'_>, collections: &[i64], at_ms: i64) -> Result<()> {
    let mut statement = tx.prepare_cached("UPDATE streams SET read_at = ?2 WHERE collection = ?1")?;
    for collection in collections {
        statement.execute(params![collection, at_ms])?;
    }
    Ok(())
}

/// Collections that are being read anew, or were never read, but for `forbidden` ones.
pub(crate) fn loading(connection: &Connection, forbidden: &HashSet<String>) -> Result<Vec<(i64, String)>> {
    let mut statement = connection.prepare_cached(
        "SELECT c.id, c.name FROM collections c LEFT JOIN streams s ON s.collection = c.id WHERE coalesce(s.loading, 1) = 1",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut loading = rows.collect::<Result<Vec<(i64, String)>, _>>()?;
    loading.retain(|(_, name)| !forbidden.contains(name));
    Ok(loading)
}

//! Heads of streams.

use super::WriteTx;
use crate::model::CollectionName;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

/// The head of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Head {
    /// Its row; 0 before the first write.
    pub(crate) row: i64,
    /// The greatest sequence number given out.
    pub(crate) last_seq: i64,
    /// The stamp of that write.
    pub(crate) last_us: i64,
    /// Tombstones up to this sequence number are gone.
    pub(crate) min_seq: i64,
    /// The stamp of the youngest tombstone that is gone.
    pub(crate) min_us: i64,
    /// Live records.
    pub(crate) live_count: i64,
    /// The sum of their digest terms.
    pub(crate) digest: u64,
}

macro_rules! columns {
    () => {
        "id, last_seq, last_us, min_seq, min_us, live_count, digest"
    };
}

fn head(row: &Row<'_>) -> Result<Head> {
    Ok(Head {
        row: row.get(0)?,
        last_seq: row.get(1)?,
        last_us: row.get(2)?,
        min_seq: row.get(3)?,
        min_us: row.get(4)?,
        live_count: row.get(5)?,
        digest: row.get::<_, i64>(6)?.cast_unsigned(),
    })
}

/// The head of a stream. Before its first write it is empty.
pub(crate) fn find(connection: &Connection, space: i64, collection: &CollectionName) -> Result<Head> {
    let sql = concat!("SELECT ", columns!(), " FROM streams WHERE space = ?1 AND collection = ?2");
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(params![space, collection.as_str()], head).optional()?.unwrap_or_default())
}

/// All streams of a space, by collection. Names that a newer server has reserved since are left out.
pub(crate) fn of_space(connection: &Connection, space: i64) -> Result<Vec<(CollectionName, Head)>> {
    let sql = concat!("SELECT ", columns!(), ", collection FROM streams WHERE space = ?1 ORDER BY collection");
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([space], |row| Ok((row.get::<_, String>(7)?, head(row)?)))?;
    let named = rows.map(|row| row.map(|(name, head)| CollectionName::parse(&name).ok().map(|name| (name, head))));
    named.filter_map(Result::transpose).collect()
}

/// The names of all collections of a space.
pub(crate) fn names(connection: &Connection, space: i64) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached("SELECT collection FROM streams WHERE space = ?1")?;
    statement.query_map([space], |row| row.get(0))?.collect()
}

/// How many collections a space has.
pub(crate) fn count(connection: &Connection, space: i64) -> Result<i64> {
    let mut statement = connection.prepare_cached("SELECT count(*) FROM streams WHERE space = ?1")?;
    statement.query_row([space], |row| row.get(0))
}

/// Makes an empty stream and returns its row.
pub(crate) fn create(tx: &WriteTx<'_>, space: i64, collection: &CollectionName) -> Result<i64> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO streams (space, collection, last_seq, last_us, min_seq, min_us, live_count, digest)
         VALUES (?1, ?2, 0, 0, 0, 0, 0, 0)",
    )?;
    statement.insert(params![space, collection.as_str()])
}

/// Stores a head.
pub(crate) fn save(tx: &WriteTx<'_>, head: &Head) -> Result<()> {
    let mut statement = tx.prepare_cached(
        "UPDATE streams SET last_seq = ?2, last_us = ?3, min_seq = ?4, min_us = ?5, live_count = ?6, digest = ?7 WHERE id = ?1",
    )?;
    let digest = head.digest.cast_signed();
    statement.execute([head.row, head.last_seq, head.last_us, head.min_seq, head.min_us, head.live_count, digest])?;
    Ok(())
}

/// The greatest sequence number whose row is not younger than `us`: where a reader stands who has seen everything up to `us`.
///
/// Stamps rise with sequence numbers, so this is a binary search in the index that pages are read from.
pub(crate) fn seq_at(connection: &Connection, head: &Head, us: i64) -> Result<i64> {
    if us >= head.last_us {
        return Ok(head.last_seq);
    }
    let mut next = connection
        .prepare_cached("SELECT seq, updated_us FROM records WHERE stream = ?1 AND seq >= ?2 ORDER BY seq LIMIT 1")?;
    // Rows up to `low` are old enough; the first row from `high` on is too young.
    let (mut low, mut high) = (0, head.last_seq);
    while low < high {
        let middle = low + (high - low + 1) / 2;
        let row = next.query_row([head.row, middle], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?))).optional()?;
        match row {
            Some((seq, updated)) if updated <= us => low = seq,
            _ => high = middle - 1,
        }
    }
    Ok(low)
}

/// The stamp of the last row up to `seq`, 0 if there is none: the inverse of [`seq_at`].
pub(crate) fn us_at(connection: &Connection, head: &Head, seq: i64) -> Result<i64> {
    let mut statement = connection
        .prepare_cached("SELECT updated_us FROM records WHERE stream = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1")?;
    Ok(statement.query_row([head.row, seq], |row| row.get(0)).optional()?.unwrap_or(head.min_us))
}

/// Stores that tombstones up to `seq` with stamp `us` are gone.
pub(crate) fn raise_horizon(tx: &WriteTx<'_>, stream: i64, seq: i64, us: i64) -> Result<()> {
    tx.prepare_cached("UPDATE streams SET min_seq = max(min_seq, ?2), min_us = max(min_us, ?3) WHERE id = ?1")?
        .execute([stream, seq, us])?;
    Ok(())
}

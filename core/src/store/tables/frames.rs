//! Frames of the device's clock: how stamps that are stored convert to the server's time.

use crate::error::Result;
use crate::store::Tx;
use crate::time::{Frame, unpack};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;

fn read(row: &Row<'_>) -> rusqlite::Result<Frame> {
    Ok(Frame {
        id: row.get(0)?,
        nonce: row.get(1)?,
        first_ms: row.get(2)?,
        wall_lag_ms: row.get(3)?,
        offset_ms: row.get(4)?,
        until_ms: row.get(5)?,
    })
}

/// All frames, each with the device time of its last stamp in queue and journal (of its beginning, if there is none).
pub(crate) fn all(connection: &Connection) -> Result<Vec<(Frame, i64)>> {
    let mut statement =
        connection.prepare_cached("SELECT id, nonce, first_ms, wall_lag_ms, offset_ms, until_ms FROM frames")?;
    let frames: Vec<Frame> = statement.query_map([], read)?.collect::<Result<_, _>>()?;
    // What a frame's last stamp was matters only until the frame has its offset; the queue may be long.
    let mut last = BTreeMap::new();
    if frames.iter().any(|frame| frame.offset_ms.is_none()) {
        let mut statement = connection.prepare_cached(
            "SELECT max(ms) FROM (SELECT hlc_ms AS ms FROM operations UNION ALL SELECT at FROM journal WHERE at >= 1 << 44)
             GROUP BY ms >> 44",
        )?;
        let stamps: Vec<i64> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        last.extend(stamps.into_iter().map(unpack));
    }
    Ok(frames
        .into_iter()
        .map(|frame| {
            let last_ms = last.get(&frame.id).copied().unwrap_or(frame.first_ms);
            (frame, last_ms)
        })
        .collect())
}

/// Whether a frame is known to be stored.
pub(crate) fn is_stored(tx: &Tx<'_>, frame: &Frame) -> bool {
    tx.remembered().frame.get() == Some(frame.nonce)
}

/// Makes sure that a frame is stored, in the transaction that stores a stamp of it. Returns its number.
pub(crate) fn ensure(tx: &Tx<'_>, frame: &Frame) -> Result<i64> {
    let id = find_or_insert(tx, frame)?;
    tx.remembered().frame.set(Some(frame.nonce));
    Ok(id)
}

fn find_or_insert(tx: &Tx<'_>, frame: &Frame) -> Result<i64> {
    let known = tx
        .prepare_cached("SELECT 1 FROM frames WHERE id = ?1 AND nonce = ?2")?
        .query_row([frame.id, frame.nonce], |_| Ok(()))
        .optional()?;
    if known.is_some() {
        return Ok(frame.id);
    }
    tx.prepare_cached(
        "INSERT INTO frames (nonce, first_ms, wall_lag_ms, offset_ms, until_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![frame.nonce, frame.first_ms, frame.wall_lag_ms, frame.offset_ms, frame.until_ms])?;
    Ok(tx.last_insert_rowid())
}

/// Writes a frame's offset down. Nothing happens if the frame is not there any more.
pub(crate) fn set_offset(tx: &Tx<'_>, frame: &Frame) -> Result<()> {
    tx.prepare_cached("UPDATE frames SET offset_ms = ?3, until_ms = ?4 WHERE id = ?1 AND nonce = ?2")?
        .execute(params![frame.id, frame.nonce, frame.offset_ms, frame.until_ms])?;
    Ok(())
}

/// Forgets all frames if no stamp is stored that needs them.
pub(crate) fn purge(tx: &Tx<'_>) -> Result<()> {
    tx.prepare_cached(
        "DELETE FROM frames WHERE NOT EXISTS (SELECT 1 FROM operations) AND NOT EXISTS (SELECT 1 FROM journal WHERE at >= 1 << 44)",
    )?
    .execute([])?;
    tx.remembered().frame.set(None);
    Ok(())
}

/// Forgets all frames.
pub(in crate::store) fn remove_all(tx: &Tx<'_>) -> Result<()> {
    tx.remembered().frame.set(None);
    Ok(tx.execute_batch("DELETE FROM frames")?)
}

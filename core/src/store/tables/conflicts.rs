//! Conflicts that wait for a person. One for each document at most; its local side is the document itself.

use crate::error::{Error, Result};
use crate::model::{Body, Hlc, Stamps, Version};
use crate::store::Tx;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One conflict.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ConflictRow {
    /// Its number; 0 before it is inserted.
    pub id: i64,
    pub collection: i64,
    pub doc_id: String,
    /// What both sides started from, where it is known.
    pub base: Option<Body>,
    /// The server's side; none: deleted there.
    pub server: Option<Body>,
    pub server_version: Option<Version>,
    pub stamps: Option<Stamps>,
    pub detected_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct StoredStamps {
    record: String,
    created: String,
    fields: BTreeMap<String, String>,
}

fn stamps_text(stamps: &Stamps) -> Result<String> {
    let fields = stamps.fields.iter().map(|(name, stamp)| (name.clone(), stamp.to_string())).collect();
    let stored = StoredStamps { record: stamps.record.to_string(), created: stamps.created.to_string(), fields };
    serde_json::to_string(&stored).map_err(|e| Error::internal(format!("conflict: {e}")))
}

fn parse_stamps(text: &str) -> Option<Stamps> {
    let stored: StoredStamps = serde_json::from_str(text).ok()?;
    let fields = stored.fields.into_iter().filter_map(|(name, stamp)| Some((name, Hlc::parse(&stamp)?))).collect();
    Some(Stamps { record: Hlc::parse(&stored.record)?, created: Hlc::parse(&stored.created)?, fields })
}

const COLUMNS: &str = "id, collection, doc_id, base, server, server_version, stamps, detected_at";

fn read(row: &Row<'_>) -> rusqlite::Result<ConflictRow> {
    Ok(ConflictRow {
        id: row.get(0)?,
        collection: row.get(1)?,
        doc_id: row.get(2)?,
        base: row.get(3)?,
        server: row.get(4)?,
        server_version: row.get(5)?,
        stamps: row.get_ref(6)?.as_str_or_null()?.and_then(parse_stamps),
        detected_ms: row.get(7)?,
    })
}

/// Keeps a conflict. If its document already has one, the server's side is brought up to date and the base stays.
pub(crate) fn keep(tx: &Tx<'_>, conflict: &ConflictRow) -> Result<()> {
    let stamps = conflict.stamps.as_ref().map(stamps_text).transpose()?;
    tx.prepare_cached(
        "INSERT INTO conflicts (collection, doc_id, base, server, server_version, stamps, detected_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (collection, doc_id) DO UPDATE SET server = excluded.server, server_version = excluded.server_version,
             stamps = excluded.stamps",
    )?
    .execute(params![
        conflict.collection,
        conflict.doc_id,
        conflict.base,
        conflict.server,
        conflict.server_version,
        stamps,
        conflict.detected_ms
    ])?;
    tx.counts();
    Ok(())
}

/// All conflicts, oldest first.
pub(crate) fn all(connection: &Connection) -> Result<Vec<ConflictRow>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM conflicts ORDER BY id"))?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A conflict by its number.
pub(crate) fn by_id(connection: &Connection, id: i64) -> Result<Option<ConflictRow>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM conflicts WHERE id = ?1"))?;
    Ok(statement.query_row([id], read).optional()?)
}

/// The conflict of a document.
pub(crate) fn of_document(connection: &Connection, collection: i64, doc_id: &str) -> Result<Option<ConflictRow>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM conflicts WHERE collection = ?1 AND doc_id = ?2"))?;
    Ok(statement.query_row(params![collection, doc_id], read).optional()?)
}

/// Takes a conflict away: it was resolved.
pub(crate) fn remove(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.prepare_cached("DELETE FROM conflicts WHERE id = ?1")?.execute([id])?;
    tx.counts();
    Ok(())
}

/// How many there are.
pub(crate) fn count(connection: &Connection) -> Result<u64> {
    let count: i64 = connection.prepare_cached("SELECT count(*) FROM conflicts")?.query_row([], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

//! Conflicts that wait for a decision. One for each document at most; its local side is the document itself.

use crate::error::{Error, Result};
use crate::model::{Body, Hlc, Path, ResolverFault, Stamps, Version};
use crate::store::Tx;
use crate::store::doc_id::{DocId, StoredId};
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
    /// The server's side. `None` if it is deleted there.
    pub server: Option<Body>,
    pub server_version: Option<Version>,
    pub stamps: Option<Stamps>,
    /// The places that clash; none if one side deleted the document.
    pub paths: Vec<Path>,
    pub detected_ms: i64,
    /// Who is asked for the decision.
    pub asked: Asked,
    /// How often the collection's resolver was asked.
    pub asks: u32,
}

/// Who is asked for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// If the collection's resolver should have decided: why it has not.
    Person(Option<ResolverFault>),
    /// The collection's resolver; a person, if it fails.
    Resolver,
}

impl Asked {
    /// 0: a person; 1: the resolver; from 2 on: a person, because of a fault of the resolver.
    fn number(self) -> i64 {
        match self {
            Self::Person(None) => 0,
            Self::Resolver => 1,
            Self::Person(Some(fault)) => 2 + fault.number(),
        }
    }

    fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Resolver,
            number => Self::Person(ResolverFault::from_number(number - 2)),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct StoredStamps {
    record: String,
    created: String,
    paths: BTreeMap<String, String>,
}

pub(super) fn stamps_text(stamps: &Stamps) -> Result<String> {
    let paths = stamps.paths.iter().map(|(path, stamp)| (path.to_string(), stamp.to_string())).collect();
    let stored = StoredStamps { record: stamps.record.to_string(), created: stamps.created.to_string(), paths };
    serde_json::to_string(&stored).map_err(|e| Error::internal(format!("stamps: {e}")))
}

pub(super) fn parse_stamps(text: &str) -> Option<Stamps> {
    let stored: StoredStamps = serde_json::from_str(text).ok()?;
    let paths = stored.paths.into_iter().filter_map(|(path, stamp)| Some((Path::parse(&path)?, Hlc::parse(&stamp)?)));
    Some(Stamps { record: Hlc::parse(&stored.record)?, created: Hlc::parse(&stored.created)?, paths: paths.collect() })
}

const COLUMNS: &str =
    "id, collection, doc_id, base, server, server_version, stamps, paths, detected_at, asks_resolver, asks";

fn read(row: &Row<'_>) -> rusqlite::Result<ConflictRow> {
    let paths: Vec<String> = serde_json::from_str(row.get_ref(7)?.as_str()?).unwrap_or_default();
    Ok(ConflictRow {
        id: row.get(0)?,
        collection: row.get(1)?,
        doc_id: row.get::<_, DocId>(2)?.0,
        base: row.get(3)?,
        server: row.get(4)?,
        server_version: row.get(5)?,
        stamps: row.get_ref(6)?.as_str_or_null()?.and_then(parse_stamps),
        paths: paths.iter().filter_map(|path| Path::parse(path)).collect(),
        detected_ms: row.get(8)?,
        asked: Asked::from_number(row.get(9)?),
        asks: row.get(10)?,
    })
}

/// Keeps a conflict. If its document already has one, the server's side is brought up to date and the base stays.
pub(crate) fn keep(tx: &Tx<'_>, conflict: &ConflictRow) -> Result<()> {
    let stamps = conflict.stamps.as_ref().map(stamps_text).transpose()?;
    let paths: Vec<String> = conflict.paths.iter().map(ToString::to_string).collect();
    tx.prepare_cached(
        "INSERT INTO conflicts (collection, doc_id, base, server, server_version, stamps, paths, detected_at, asks_resolver, asks)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (collection, doc_id) DO UPDATE SET server = excluded.server, server_version = excluded.server_version,
             stamps = excluded.stamps, paths = excluded.paths, asks_resolver = excluded.asks_resolver, asks = excluded.asks",
    )?
    .execute(params![
        conflict.collection,
        StoredId(&conflict.doc_id),
        conflict.base,
        conflict.server,
        conflict.server_version,
        stamps,
        serde_json::Value::from(paths).to_string(),
        conflict.detected_ms,
        conflict.asked.number(),
        conflict.asks
    ])?;
    tx.counts();
    Ok(())
}

/// From now on a person is asked about a conflict, because of this fault of the resolver.
pub(crate) fn hand_over(tx: &Tx<'_>, id: i64, fault: ResolverFault) -> Result<()> {
    tx.prepare_cached("UPDATE conflicts SET asks_resolver = ?2 WHERE id = ?1")?
        .execute([id, Asked::Person(Some(fault)).number()])?;
    tx.counts();
    Ok(())
}

/// From now on a person is asked about every conflict of a collection that is not among `resolved`, those with a resolver: theirs is missing.
pub(crate) fn hand_over_unresolved(tx: &Tx<'_>, resolved: &[i64]) -> Result<()> {
    let resolved = serde_json::Value::from(resolved).to_string();
    let missing = Asked::Person(Some(ResolverFault::Missing)).number();
    tx.prepare_cached(
        "UPDATE conflicts SET asks_resolver = ?1 WHERE asks_resolver = ?2 AND collection NOT IN (SELECT value FROM json_each(?3))",
    )?
    .execute(params![missing, Asked::Resolver.number(), resolved])?;
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
    Ok(statement.query_row(params![collection, StoredId(doc_id)], read).optional()?)
}

/// Conflicts of which nothing tells when the server's side was written: the number, the document and its version there. At most `limit`.
pub(crate) fn without_stamps(connection: &Connection, limit: u32) -> Result<Vec<Unstamped>> {
    let mut statement = connection.prepare_cached(
        "SELECT f.id, c.name, f.doc_id, f.server_version FROM conflicts f JOIN collections c ON c.id = f.collection
         WHERE f.stamps IS NULL AND f.server IS NOT NULL ORDER BY f.id LIMIT ?1",
    )?;
    let rows = statement.query_map([limit], |row| {
        let doc_id = row.get::<_, DocId>(2)?.0;
        Ok(Unstamped { id: row.get(0)?, collection: row.get(1)?, doc_id, version: row.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A conflict of [`without_stamps`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Unstamped {
    pub id: i64,
    pub collection: String,
    pub doc_id: String,
    pub version: Option<Version>,
}

/// Keeps when the server's side of a conflict was written, if it is still this version of it.
pub(crate) fn keep_stamps(tx: &Tx<'_>, conflict: &Unstamped, stamps: &Stamps) -> Result<()> {
    tx.prepare_cached("UPDATE conflicts SET stamps = ?3 WHERE id = ?1 AND server_version IS ?2")?.execute(params![
        conflict.id,
        conflict.version,
        stamps_text(stamps)?
    ])?;
    tx.counts();
    Ok(())
}

/// Takes a conflict away: it was resolved.
pub(crate) fn remove(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.prepare_cached("DELETE FROM conflicts WHERE id = ?1")?.execute([id])?;
    tx.counts();
    Ok(())
}

/// How many wait for a person.
pub(crate) fn count(connection: &Connection) -> Result<u64> {
    let count: i64 = connection
        .prepare_cached("SELECT count(*) FROM conflicts WHERE asks_resolver <> 1")?
        .query_row([], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

//! Rows of documents: what the user sees, and what the server had last.
//!
//! Invariants:
//! - `pending = 0`: the row's body is the server's state (`NULL` for a tombstone, or if it is evicted), and `base` is empty.
//! - `evicted = 1`: the body has been given up to keep within a limit. The row is hidden and still stands for the server's live copy; a
//!   delete is the only operation that it can have.
//! - `pending > 0`: the number of the document's first operation. `body` is the base with all pending operations applied; `base` is the
//!   server's live copy, if it has one. It is stored in the row of that operation: the document's own row then hardly grows with an edit, and its
//!   page need not be split.

use super::update::Update;
use crate::error::Result;
use crate::model::{Body, Document, OpState, SyncStatus, Version};
use crate::store::Tx;
use crate::store::doc_id::{DocId, StoredId};
use rusqlite::{Connection, OptionalExtension, Params, Row, Statement, ToSql, params};

/// One row, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DocumentRow {
    /// Its place in the table; 0 before it is inserted.
    pub row: i64,
    pub collection: i64,
    pub id: String,
    /// Deleted, here or on the server: no query shows it.
    pub hidden: bool,
    /// The number of its first pending operation; 0 if there is none.
    pub first_op: i64,
    pub version: Option<Version>,
    pub seq: Option<i64>,
    pub generation: i64,
    pub updated_ms: Option<i64>,
    pub body: Option<Body>,
    /// Written by [`operations`](super::operations), read with the row.
    pub base: Option<Body>,
    /// The server's live copy is not here any more, only that there is one.
    pub evicted: bool,
}

impl DocumentRow {
    /// A row for a document that the store has never seen.
    pub fn new(collection: i64, id: impl Into<String>) -> Self {
        Self {
            row: 0,
            collection,
            id: id.into(),
            hidden: false,
            first_op: 0,
            version: None,
            seq: None,
            generation: 0,
            updated_ms: None,
            body: None,
            base: None,
            evicted: false,
        }
    }

    /// Whether operations wait.
    pub fn is_pending(&self) -> bool {
        self.first_op != 0
    }

    /// The server's live copy, whether or not there are pending edits.
    pub fn server_body(&self) -> Option<&Body> {
        if self.is_pending() { self.base.as_ref() } else { self.body.as_ref() }
    }

    /// Whether the server has a live copy: such rows count in the digest.
    pub fn is_live_on_server(&self) -> bool {
        self.seq.is_some() && (self.evicted || self.server_body().is_some())
    }
}

const COLUMNS: &str = "row, collection, id, hidden, pending, version, seq, generation, updated_at, body, \
     CASE WHEN pending THEN (SELECT o.base FROM operations o WHERE o.op_seq = pending) END, evicted";

fn read_row(row: &Row<'_>) -> rusqlite::Result<DocumentRow> {
    Ok(DocumentRow {
        row: row.get(0)?,
        collection: row.get(1)?,
        id: row.get::<_, DocId>(2)?.0,
        hidden: row.get(3)?,
        first_op: row.get(4)?,
        version: row.get(5)?,
        seq: row.get(6)?,
        generation: row.get(7)?,
        updated_ms: row.get(8)?,
        body: row.get(9)?,
        base: row.get(10)?,
        evicted: row.get(11)?,
    })
}

/// The row of a document, tombstones included.
pub(crate) fn find(connection: &Connection, collection: i64, id: &str) -> Result<Option<DocumentRow>> {
    // The number is a literal, here and below: only so does the planner see that the collection's own index covers the query.
    let sql = format!("SELECT {COLUMNS} FROM documents WHERE collection = {collection} AND id = ?1");
    Ok(connection.prepare_cached(&sql)?.query_row([StoredId(id)], read_row).optional()?)
}

/// The row with this number.
pub(crate) fn by_row(connection: &Connection, row: i64) -> Result<Option<DocumentRow>> {
    let sql = format!("SELECT {COLUMNS} FROM documents WHERE row = ?1");
    Ok(connection.prepare_cached(&sql)?.query_row([row], read_row).optional()?)
}

const INSERT: &str =
    "INSERT INTO documents (collection, id, hidden, pending, version, seq, generation, updated_at, body, evicted)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// Adds a row; its number is written into it.
pub(crate) fn insert(tx: &Tx<'_>, row: &mut DocumentRow) -> Result<()> {
    add(tx, INSERT, row).map(drop)
}

/// The same, unless there is a row of this id. Returns whether it was added.
pub(crate) fn insert_new(tx: &Tx<'_>, row: &mut DocumentRow) -> Result<bool> {
    add(tx, &format!("{INSERT} ON CONFLICT DO NOTHING"), row)
}

fn add(tx: &Tx<'_>, sql: &str, row: &mut DocumentRow) -> Result<bool> {
    let added = tx.prepare_cached(sql)?.execute(params![
        row.collection,
        StoredId(&row.id),
        row.hidden,
        row.first_op,
        row.version,
        row.seq,
        row.generation,
        row.updated_ms,
        row.body,
        row.evicted
    ])?;
    if added > 0 {
        row.row = tx.last_insert_rowid();
        tx.changed(row.collection, row.row);
    }
    Ok(added > 0)
}

/// Adds a row for a document that is made here, with the number of its create; its content is its own. Returns its row, or `None` if there is
/// one of this id, be it a tombstone.
pub(crate) fn insert_created(tx: &Tx<'_>, collection: i64, id: &str, first_op: i64, body: &str) -> Result<Option<i64>> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO documents (collection, id, hidden, pending, generation, body) VALUES (?1, ?2, 0, ?3, 0, ?4) ON CONFLICT DO NOTHING",
    )?;
    if statement.execute(params![collection, StoredId(id), first_op, body])? == 0 {
        return Ok(None);
    }
    let row = tx.last_insert_rowid();
    tx.changed(collection, row);
    Ok(Some(row))
}

/// Writes what has changed of a row; `was`: as it is stored.
pub(crate) fn update(tx: &Tx<'_>, was: &DocumentRow, row: &DocumentRow) -> Result<()> {
    let mut update = Update::of("documents");
    update.set("hidden", was.hidden != row.hidden, || Ok(row.hidden.into()))?;
    update.set("pending", was.first_op != row.first_op, || Ok(row.first_op.into()))?;
    update.set("version", was.version != row.version, || Ok(row.version.to_sql()?))?;
    update.set("seq", was.seq != row.seq, || Ok(row.seq.to_sql()?))?;
    update.set("generation", was.generation != row.generation, || Ok(row.generation.into()))?;
    update.set("updated_at", was.updated_ms != row.updated_ms, || Ok(row.updated_ms.to_sql()?))?;
    update.set("body", was.body != row.body, || Ok(row.body.to_sql()?))?;
    update.set("evicted", was.evicted != row.evicted, || Ok(row.evicted.into()))?;
    if update.run(tx, "row", row.row)? {
        tx.changed(row.collection, row.row);
    }
    Ok(())
}

/// What the acceptance of a document's only operation needs to know of the server's state before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerPlace {
    pub seq: Option<i64>,
    /// It is a live copy, and is here.
    pub live: bool,
}

/// The row with this number, if `op_seq` is its only operation, was sent and has no answer yet, and neither a limit nor a state of the
/// server that waits has a part in it.
pub(crate) fn with_one_sent(connection: &Connection, row: i64, op_seq: i64) -> Result<Option<ServerPlace>> {
    let sql = format!(
        "SELECT seq, (SELECT base IS NOT NULL FROM operations WHERE op_seq = ?2) FROM documents WHERE row = ?1 AND pending = ?2 AND hidden = 0 AND evicted = 0
         AND (SELECT state FROM operations WHERE op_seq = ?2) IN ({}, {})
         AND NOT EXISTS (SELECT 1 FROM operations WHERE document = ?1 AND behind = 1)
         AND NOT EXISTS (SELECT 1 FROM waiting_states WHERE document = ?1)",
        OpState::Unanswered.number(),
        OpState::InFlight.number()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let place = statement.query_row([row, op_seq], |row| Ok(ServerPlace { seq: row.get(0)?, live: row.get(1)? }));
    Ok(place.optional()?)
}

/// The server has what the row shows, in this place of its order; the caller takes the operation out of the queue. The body stays as it is, and so does every index over it.
pub(crate) fn settle(
    tx: &Tx<'_>,
    (collection, row): (i64, i64),
    (version, seq, updated_ms): (Option<Version>, i64, Option<i64>),
    generation: i64,
) -> Result<()> {
    let mut statement = tx.prepare_cached(
        "UPDATE documents SET pending = 0, version = ?2, seq = ?3, updated_at = coalesce(?4, updated_at), generation = ?5
         WHERE row = ?1",
    )?;
    if statement.execute(params![row, version, seq, updated_ms, generation])? > 0 {
        tx.changed(collection, row);
    }
    Ok(())
}

/// Takes a row away, without a tombstone: for documents that the server has never had, or has forgotten.
pub(crate) fn remove(tx: &Tx<'_>, row: &DocumentRow) -> Result<()> {
    tx.prepare_cached("DELETE FROM documents WHERE row = ?1")?.execute([row.row])?;
    tx.changed(row.collection, row.row);
    super::waiting_states::forget(tx, row.row, None)
}

/// Takes every row away.
pub(in crate::store) fn remove_all(tx: &Tx<'_>) -> Result<()> {
    note_changed(tx, &mut tx.prepare("DELETE FROM documents RETURNING collection, row")?, []).map(drop)
}

/// Runs a statement that returns, for each row that it writes, the collection and the row of the document that this changes; a collection that
/// is null stands for none. Returns how many rows were written.
pub(in crate::store) fn note_changed(tx: &Tx<'_>, statement: &mut Statement<'_>, params: impl Params) -> Result<usize> {
    let (mut rows, mut count) = (statement.query(params)?, 0);
    while let Some(row) = rows.next()? {
        count += 1;
        if let Some(collection) = row.get(0)? {
            tx.changed(collection, row.get(1)?);
        }
    }
    Ok(count)
}

/// The columns that [`read_document`] reads. The status comes from the first operation: its state, its intent and whether the document is
/// hidden, in one number; `NULL` if there is none.
pub(crate) const DOCUMENT_COLUMNS: &str = "d.id, d.body, d.version, CASE WHEN d.pending THEN \
     (SELECT o.state * 4 + (o.kind = 0) * 2 + d.hidden FROM operations o WHERE o.op_seq = d.pending) END";
/// How many columns these are.
pub(crate) const DOCUMENT_WIDTH: usize = 4;

/// Reads a document from [`DOCUMENT_COLUMNS`].
pub(crate) fn read_document(row: &Row<'_>) -> rusqlite::Result<Document> {
    let code: Option<i64> = row.get(3)?;
    let status = match code.map(|code| (code / 4, code / 2 % 2 == 1, code % 2 == 1)) {
        None => SyncStatus::Synced,
        Some((4, _, _)) => SyncStatus::Conflict,
        Some((3, _, _)) => SyncStatus::Failed,
        Some((2, _, _)) => SyncStatus::Syncing,
        Some((_, _, true)) => SyncStatus::PendingDelete,
        Some((_, true, _)) => SyncStatus::PendingCreate,
        Some(_) => SyncStatus::PendingUpdate,
    };
    Ok(Document {
        id: row.get::<_, DocId>(0)?.0,
        body: row.get::<_, Option<Body>>(1)?.unwrap_or_default(),
        status,
        version: row.get(2)?,
    })
}

/// A document as a reader sees it; `None` if it is not there or deleted.
pub(crate) fn get(connection: &Connection, collection: i64, id: &str) -> Result<Option<Document>> {
    Ok(get_row(connection, collection, id)?.map(|(_, document)| document))
}

/// The same with its row.
pub(crate) fn get_row(connection: &Connection, collection: i64, id: &str) -> Result<Option<(i64, Document)>> {
    let sql = format!(
        "SELECT {DOCUMENT_COLUMNS}, d.row FROM documents d WHERE collection = {collection} AND id = ?1 AND hidden = 0"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row([StoredId(id)], |row| Ok((row.get(DOCUMENT_WIDTH)?, read_document(row)?))).optional()?)
}

/// Whether a document has lost its content to a limit.
pub(crate) fn is_evicted(connection: &Connection, collection: i64, id: &str) -> Result<bool> {
    let sql = format!("SELECT 1 FROM documents WHERE collection = {collection} AND id = ?1 AND evicted = 1");
    Ok(connection.prepare_cached(&sql)?.exists([StoredId(id)])?)
}

/// Whether any document of a collection has lost its content to a limit.
pub(crate) fn any_evicted(connection: &Connection, collection: i64) -> Result<bool> {
    let mut statement =
        connection.prepare_cached("SELECT 1 FROM documents WHERE collection = ?1 AND evicted = 1 LIMIT 1")?;
    Ok(statement.exists([collection])?)
}

/// Calls `each` with (id, seq) of every live base row of a collection: what the digest is over.
pub(crate) fn for_each_live(connection: &Connection, collection: i64, mut each: impl FnMut(&str, i64)) -> Result<()> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT coalesce((SELECT s.server_id FROM server_ids s WHERE s.collection = {collection} AND s.doc_id = d.id), id), seq
         FROM documents d WHERE collection = {collection} AND seq IS NOT NULL
         AND CASE WHEN pending THEN (SELECT o.base IS NOT NULL FROM operations o WHERE o.op_seq = pending) ELSE body IS NOT NULL OR evicted END"
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(&row.get::<_, DocId>(0)?.0, row.get(1)?);
    }
    Ok(())
}

/// Base rows of a collection that the snapshot of `generation` did not show: the server no longer has them. At most `limit`. (A state
/// that waits is of this snapshot.) In the order of their rows, from the one behind `after` on.
pub(crate) fn of_older_readings(
    connection: &Connection,
    collection: i64,
    generation: i64,
    after: i64,
    limit: u32,
) -> Result<Vec<DocumentRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM documents WHERE collection = {collection} AND generation < ?1 AND seq IS NOT NULL AND row > ?2
         AND NOT EXISTS (SELECT 1 FROM waiting_states w WHERE w.document = documents.row) ORDER BY row LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![generation, after, limit], read_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

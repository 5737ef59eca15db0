//! Local ids and the server's own, where the server assigns ids.
//!
//! Invariant: the local id is the document's name on this device, for ever; the server's id is only used on the wire.

use crate::error::Result;
use crate::store::Tx;
use crate::store::doc_id::{DocId, StoredId};
use rusqlite::{Connection, OptionalExtension, params};

/// Keeps the server's id of a document.
pub(crate) fn keep(tx: &Tx<'_>, collection: i64, doc_id: &str, server_id: &str) -> Result<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO server_ids (collection, doc_id, server_id) VALUES (?1, ?2, ?3)")?
        .execute(params![collection, StoredId(doc_id), server_id])?;
    Ok(())
}

/// The server's id of a document. `None` if it is the local one.
pub(crate) fn remote(connection: &Connection, collection: i64, doc_id: &str) -> Result<Option<String>> {
    let mut statement =
        connection.prepare_cached("SELECT server_id FROM server_ids WHERE collection = ?1 AND doc_id = ?2")?;
    Ok(statement.query_row(params![collection, StoredId(doc_id)], |row| row.get(0)).optional()?)
}

/// Whether the server has its own id of any document of a collection.
pub(crate) fn any(connection: &Connection, collection: i64) -> Result<bool> {
    Ok(connection.prepare_cached("SELECT 1 FROM server_ids WHERE collection = ?1 LIMIT 1")?.exists([collection])?)
}

/// The local id of a document that the server calls so. `None` if it is the server's.
pub(crate) fn local(connection: &Connection, collection: i64, server_id: &str) -> Result<Option<String>> {
    let mut statement =
        connection.prepare_cached("SELECT doc_id FROM server_ids WHERE collection = ?1 AND server_id = ?2")?;
    Ok(statement.query_row(params![collection, server_id], |row| Ok(row.get::<_, DocId>(0)?.0)).optional()?)
}

/// The same, of a collection by its name.
pub(crate) fn remote_in(connection: &Connection, collection: &str, doc_id: &str) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT s.server_id FROM server_ids s JOIN collections c ON c.id = s.collection WHERE c.name = ?1 AND s.doc_id = ?2",
    )?;
    Ok(statement.query_row(params![collection, StoredId(doc_id)], |row| row.get(0)).optional()?)
}

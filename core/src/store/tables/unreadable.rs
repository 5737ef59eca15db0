//! Records that the server has and this build cannot read.

use crate::error::Result;
use crate::store::Tx;
use crate::store::doc_id::{DocId, StoredId};
use rusqlite::{Connection, OptionalExtension, params};

/// Notes a record. `kept`: its document was here in an older state.
pub(crate) fn note(tx: &Tx<'_>, collection: i64, doc_id: &str, seq: i64, kept: bool) -> Result<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO unreadable (collection, doc_id, seq, kept) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![collection, StoredId(doc_id), seq, kept])?;
    Ok(())
}

/// Whether any is noted in a collection; its document may have taken another state since.
pub(crate) fn any(connection: &Connection, collection: i64) -> Result<bool> {
    Ok(connection.prepare_cached("SELECT 1 FROM unreadable WHERE collection = ?1 LIMIT 1")?.exists([collection])?)
}

/// Whether what is here of a document, of any document of the collection without one, is older than the server's state that could not be read.
pub(crate) fn is_behind(connection: &Connection, collection: i64, doc_id: Option<&str>) -> Result<bool> {
    // The number is a literal, so that the collection's own index is used.
    let sql = format!(
        "SELECT 1 FROM unreadable u JOIN documents d ON d.collection = {collection} AND d.id = u.doc_id AND d.seq = u.seq
         WHERE u.collection = {collection} AND u.doc_id = coalesce(?1, u.doc_id) LIMIT 1"
    );
    Ok(connection.prepare_cached(&sql)?.exists([doc_id.map(StoredId)])?)
}

/// Forgets a record of which the state at `seq`, or the fact that it is gone, was read. Returns whether that very state could not be read before.
pub(crate) fn forget(tx: &Tx<'_>, collection: i64, doc_id: &str, seq: Option<i64>) -> Result<bool> {
    let mut statement = tx.prepare_cached(
        "DELETE FROM unreadable WHERE collection = ?1 AND doc_id = ?2 AND (?3 IS NULL OR seq <= ?3) RETURNING seq",
    )?;
    let noted: Option<i64> =
        statement.query_row(params![collection, StoredId(doc_id), seq], |row| row.get(0)).optional()?;
    Ok(noted.is_some() && noted == seq)
}

/// How many there are. A document that has taken another state since is none: nothing needs to be removed when that happens.
pub(crate) fn count(connection: &Connection) -> Result<u64> {
    let mut statement = connection.prepare_cached("SELECT collection, doc_id, seq, kept FROM unreadable")?;
    let (mut rows, mut count) = (statement.query([])?, 0);
    while let Some(row) = rows.next()? {
        let (collection, DocId(doc_id), seq, kept): (i64, DocId, i64, bool) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        // The collection's number is a literal, so that its own index is used.
        let sql = format!(
            "SELECT 1 FROM documents WHERE collection = {collection} AND id = ?1 AND seq = ?2 AND (?3 OR version IS NULL)"
        );
        count += u64::from(connection.prepare_cached(&sql)?.exists(params![StoredId(&doc_id), seq, kept])?);
    }
    Ok(count)
}

//! Records that the server has and this build cannot read.

use crate::error::Result;
use crate::store::Tx;
use rusqlite::{Connection, params};

/// Notes a record. `kept`: its document was here in an older state.
pub(crate) fn note(tx: &Tx<'_>, collection: i64, doc_id: &str, seq: i64, kept: bool) -> Result<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO unreadable (collection, doc_id, seq, kept) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![collection, doc_id, seq, kept])?;
    Ok(())
}

/// How many there are. A document that has taken another state since is none: nothing needs to be removed when that happens.
pub(crate) fn count(connection: &Connection) -> Result<u64> {
    let mut statement = connection.prepare_cached("SELECT collection, doc_id, seq, kept FROM unreadable")?;
    let (mut rows, mut count) = (statement.query([])?, 0);
    while let Some(row) = rows.next()? {
        let (collection, doc_id, seq, kept): (i64, String, i64, bool) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        // The collection's number is a literal, so that its own index is used.
        let sql = format!(
            "SELECT 1 FROM documents WHERE collection = {collection} AND id = ?1 AND seq = ?2 AND (?3 OR version IS NULL)"
        );
        count += u64::from(connection.prepare_cached(&sql)?.exists(params![doc_id, seq, kept])?);
    }
    Ok(count)
}

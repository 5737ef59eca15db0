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
    let mut statement = connection.prepare_cached(
        "SELECT count(*) FROM unreadable u JOIN documents d ON d.collection = u.collection AND d.id = u.doc_id
         WHERE d.seq = u.seq AND (u.kept = 1 OR d.version IS NULL)",
    )?;
    let count: i64 = statement.query_row([], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

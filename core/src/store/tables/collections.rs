//! Collections: names to numbers.

use crate::error::Result;
use crate::store::Tx;
use rusqlite::{Connection, OptionalExtension};

/// The number of a collection. `None` if the store has never seen the name.
pub(crate) fn find(connection: &Connection, name: &str) -> Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT id FROM collections WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

/// The number of a collection, which is made if the store has never seen the name.
pub(crate) fn ensure(tx: &Tx<'_>, name: &str) -> Result<i64> {
    if let Some(id) = find(tx, name)? {
        return Ok(id);
    }
    tx.prepare_cached("INSERT INTO collections (name) VALUES (?1)")?.execute([name])?;
    let id = tx.last_insert_rowid();
    tx.execute_batch(&format!("CREATE UNIQUE INDEX documents_of_{id} ON documents (id) WHERE collection = {id}"))?;
    Ok(id)
}

/// All collections: (number, name), in the order in which they came.
pub(crate) fn all(connection: &Connection) -> Result<Vec<(i64, String)>> {
    let mut statement = connection.prepare_cached("SELECT id, name FROM collections ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

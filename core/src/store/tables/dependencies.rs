//! Which operation waits until another one has ended.

use crate::error::Result;
use crate::store::Tx;
use rusqlite::Connection;

/// Lets `op_seq` wait for `on_seq`.
pub(crate) fn add(tx: &Tx<'_>, op_seq: i64, on_seq: i64) -> Result<()> {
    tx.prepare_cached("INSERT OR IGNORE INTO dependencies (op_seq, on_seq) VALUES (?1, ?2)")?
        .execute([op_seq, on_seq])?;
    Ok(())
}

/// Lets an operation wait for nothing.
pub(crate) fn clear(tx: &Tx<'_>, op_seq: i64) -> Result<()> {
    tx.prepare_cached("DELETE FROM dependencies WHERE op_seq = ?1")?.execute([op_seq])?;
    Ok(())
}

/// What an operation waits for.
pub(crate) fn of(connection: &Connection, op_seq: i64) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached("SELECT on_seq FROM dependencies WHERE op_seq = ?1")?;
    let rows = statement.query_map([op_seq], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

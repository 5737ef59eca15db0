//! What became of operations that are no longer queued.
//!
//! A plain acceptance is not written: an operation of this store that is neither queued nor here was accepted. Kept are the others, the
//! results of actions, and for each id that was joined to another operation the id of that.

use crate::error::Result;
use crate::model::{OpId, WriteOutcome};
use crate::store::{Tx, operations};
use rusqlite::{Connection, OptionalExtension, params};

/// So many outcomes are remembered.
const KEPT: i64 = 10_000;

const ABSORBED: i64 = 4;

/// Writes an outcome down, if it must be remembered.
pub(in crate::store) fn write(tx: &Tx<'_>, op: OpId, number: i64, version: Option<i64>) -> Result<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO outcomes (op_id, outcome, version) VALUES (?1, ?2, ?3)")?
        .execute(params![op.as_bytes(), number, version])?;
    Ok(())
}

/// Writes an outcome down. One that needs no memory (accepted, or parked and thus still there) is not written.
pub(crate) fn record(tx: &Tx<'_>, op: OpId, how: &WriteOutcome) -> Result<()> {
    match how {
        WriteOutcome::Parked => Ok(()),
        WriteOutcome::Accepted(_) => {
            tx.prepare_cached("DELETE FROM outcomes WHERE op_id = ?1 AND outcome = ?2")?
                .execute(params![op.as_bytes(), ABSORBED])?;
            Ok(())
        }
        WriteOutcome::Withdrawn => write(tx, op, 1, None),
        WriteOutcome::Overridden => write(tx, op, 2, None),
        WriteOutcome::Discarded => write(tx, op, 3, None),
    }
}

/// Keeps the result of an action that was accepted.
pub(crate) fn keep_result(tx: &Tx<'_>, op: OpId, result: &serde_json::Value) -> Result<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO outcomes (op_id, outcome, result) VALUES (?1, 0, ?2)")?
        .execute(params![op.as_bytes(), result.to_string()])?;
    Ok(())
}

/// JSON: what an action returned. `None` if the operation is not an action that was accepted.
pub(crate) fn result(connection: &Connection, op: OpId) -> Result<Option<String>> {
    let mut statement =
        connection.prepare_cached("SELECT result FROM outcomes WHERE op_id = ?1 AND result IS NOT NULL")?;
    Ok(statement.query_row([op.as_bytes()], |row| row.get(0)).optional()?)
}

/// Notes that an operation was joined to another one.
pub(crate) fn record_absorbed(tx: &Tx<'_>, op: OpId, into: OpId) -> Result<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO outcomes (op_id, outcome, absorbed_by) VALUES (?1, ?2, ?3)")?
        .execute(params![op.as_bytes(), ABSORBED, into.as_bytes()])?;
    Ok(())
}

/// The operation that answers for another one that was joined to it. `None` if the operation was not joined.
pub(crate) fn absorbed_by(connection: &Connection, op: OpId) -> Result<Option<OpId>> {
    let mut statement =
        connection.prepare_cached("SELECT absorbed_by FROM outcomes WHERE op_id = ?1 AND absorbed_by IS NOT NULL")?;
    Ok(statement.query_row([op.as_bytes()], |row| row.get(0)).optional()?.map(OpId::from_bytes))
}

/// What became of an operation that is no longer queued. `None` if nothing was written down.
pub(crate) fn get(connection: &Connection, op: OpId) -> Result<Option<WriteOutcome>> {
    let mut statement = connection.prepare_cached("SELECT outcome, version FROM outcomes WHERE op_id = ?1")?;
    let found: Option<(i64, Option<i64>)> =
        statement.query_row([op.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(found.and_then(|(outcome, version)| match outcome {
        0 => Some(WriteOutcome::Accepted(version)),
        1 => Some(WriteOutcome::Withdrawn),
        2 => Some(WriteOutcome::Overridden),
        3 => Some(WriteOutcome::Discarded),
        _ => None,
    }))
}

/// Forgets all but the newest outcomes. The id of an operation that was joined to another one is kept until that one has ended.
pub(crate) fn purge(tx: &Tx<'_>) -> Result<()> {
    let last: i64 = tx.prepare_cached("SELECT coalesce(max(id), 0) FROM outcomes")?.query_row([], |row| row.get(0))?;
    tx.prepare_cached("DELETE FROM outcomes WHERE id <= ?1 AND outcome <> ?2")?.execute([last - KEPT, ABSORBED])?;
    let joined: Vec<(i64, Option<[u8; 16]>)> = tx
        .prepare_cached("SELECT id, absorbed_by FROM outcomes WHERE id <= ?1")?
        .query_map([last - KEPT], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<std::result::Result<_, _>>()?;
    for (id, into) in joined {
        let waits = into.map(|into| operations::by_id(tx, OpId::from_bytes(into))).transpose()?.flatten().is_some();
        if !waits {
            tx.prepare_cached("DELETE FROM outcomes WHERE id = ?1")?.execute([id])?;
        }
    }
    Ok(())
}

//! How operations ended that the server did not simply accept.

use crate::error::Result;
use crate::model::OpId;
use crate::store::{Settled, Tx};
use rusqlite::{Connection, OptionalExtension, params};

/// Writes an ending down. One that needs no memory (accepted, or parked and thus still there) is not written.
pub(in crate::store) fn record(tx: &Tx<'_>, op: OpId, how: Settled) -> Result<()> {
    let number = match how {
        Settled::Applied(_) | Settled::Parked => return Ok(()),
        Settled::Withdrawn => 1,
        Settled::Overridden => 2,
        Settled::Discarded => 3,
    };
    tx.prepare_cached("INSERT OR REPLACE INTO endings (op_id, how) VALUES (?1, ?2)")?
        .execute(params![op.as_bytes(), number])?;
    Ok(())
}

/// How an operation ended that is no longer in the outbox, if it was not simply accepted.
pub(crate) fn get(connection: &Connection, op: OpId) -> Result<Option<Settled>> {
    let mut statement = connection.prepare_cached("SELECT how FROM endings WHERE op_id = ?1")?;
    let how: Option<i64> = statement.query_row([op.as_bytes()], |row| row.get(0)).optional()?;
    Ok(how.map(|how| match how {
        1 => Settled::Withdrawn,
        2 => Settled::Overridden,
        _ => Settled::Discarded,
    }))
}

/// So many endings are remembered.
const KEPT: i64 = 10_000;

/// Forgets the oldest endings.
pub(crate) fn purge(tx: &Tx<'_>) -> Result<()> {
    tx.prepare_cached("DELETE FROM endings WHERE id <= (SELECT max(id) FROM endings) - ?1")?.execute([KEPT])?;
    Ok(())
}

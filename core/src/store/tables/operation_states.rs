//! States that are set for many queued operations at once, without loading them: leases and doubts. `OpState` lists these transitions with its own.

use super::documents;
use super::ranges::ranges;
use crate::error::Result;
use crate::model::{OpState, Operation};
use crate::store::Tx;
use rusqlite::Connection;

/// What an update of states returns: the document whose status they make.
const RETURNED: &str = "RETURNING (SELECT d.collection FROM documents d WHERE d.row = document), document";

/// Marks operations as carried by the request that is about to go out. From here on their content is frozen.
/// They are those that [`runnable`] found in this transaction.
pub(crate) fn lease<'o>(tx: &Tx<'_>, ops: impl Iterator<Item = &'o Operation> + Clone) -> Result<()> {
    let mut statement =
        tx.prepare_cached("UPDATE operations SET state = ?3 WHERE op_seq BETWEEN ?1 AND ?2 AND state <= 1")?;
    for range in ranges(ops.clone().map(|op| op.op_seq)) {
        statement.execute([*range.start(), *range.end(), OpState::InFlight.number()])?;
    }
    // A document's status comes from its first operation.
    ops.filter(|op| op.document != 0).for_each(|op| tx.changed(op.collection, op.document));
    Ok(())
}

/// Makes every leased operation runnable again: no request is out, and the fate of each is unknown. (`state > 1`, here and below: so the
/// planner sees that the partial index `operations_held` covers the query. The queue may be long.)
pub(crate) fn release_leases(tx: &Tx<'_>) -> Result<usize> {
    let sql = format!("UPDATE operations SET state = ?1 WHERE state > 1 AND state = ?2 {RETURNED}");
    let mut statement = tx.prepare_cached(&sql)?;
    documents::note_changed(tx, &mut statement, [OpState::Unanswered.number(), OpState::InFlight.number()])
}

/// Whether an operation was sent and has no answer.
pub(crate) fn any_unanswered(connection: &Connection) -> Result<bool> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM operations WHERE state = ?1)")?;
    Ok(statement.query_row([OpState::Unanswered.number()], |row| row.get(0))?)
}

/// Makes every open operation unanswered: another store may have sent it.
pub(crate) fn doubt_open(tx: &Tx<'_>) -> Result<usize> {
    let sql = format!("UPDATE operations SET state = ?1 WHERE state = ?2 {RETURNED}");
    let mut statement = tx.prepare_cached(&sql)?;
    documents::note_changed(tx, &mut statement, [OpState::Unanswered.number(), OpState::Open.number()])
}

/// Takes a lease back whose request has not left: each of those operations, given with the state that it had before, has that again.
pub(crate) fn unlease<'o>(tx: &Tx<'_>, leased: impl Iterator<Item = (i64, &'o OpState)>) -> Result<()> {
    let sql = format!("UPDATE operations SET state = ?2 WHERE op_seq = ?1 AND state = ?3 {RETURNED}");
    let mut statement = tx.prepare_cached(&sql)?;
    for (op_seq, before) in leased {
        documents::note_changed(tx, &mut statement, [op_seq, before.number(), OpState::InFlight.number()])?;
    }
    Ok(())
}

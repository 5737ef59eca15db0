//! Which operations wait for others, and which references would make one wait if their target were created here.

use crate::error::Result;
use crate::store::Tx;
use crate::store::doc_id::{DocId, StoredId};
use rusqlite::{Connection, params};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Lets `op_seq` wait for `on_seq`.
pub(crate) fn add(tx: &Tx<'_>, op_seq: i64, on_seq: i64) -> Result<()> {
    tx.prepare_cached("INSERT OR IGNORE INTO dependencies (op_seq, on_seq) VALUES (?1, ?2)")?
        .execute([op_seq, on_seq])?;
    Ok(())
}

/// Lets an operation wait for nothing.
pub(crate) fn clear(tx: &Tx<'_>, op_seq: i64) -> Result<()> {
    tx.prepare_cached("DELETE FROM dependencies WHERE op_seq = ?1")?.execute([op_seq])?;
    tx.prepare_cached("DELETE FROM awaited WHERE op_seq = ?1")?.execute([op_seq])?;
    Ok(())
}

/// Lets an operation go on waiting only for the documents that `keep` names, by collection and id.
pub(crate) fn retain(tx: &Tx<'_>, op_seq: i64, keep: impl Fn(i64, &str) -> bool) -> Result<()> {
    let sql = "SELECT w.on_seq, d.collection, d.id FROM dependencies w JOIN operations o ON o.op_seq = w.on_seq
                   JOIN documents d ON d.row = o.document WHERE w.op_seq = ?1";
    let waits = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, DocId>(2)?.0));
    let on: Vec<_> = tx.prepare_cached(sql)?.query_map([op_seq], waits)?.collect::<Result<_, _>>()?;
    for (on_seq, collection, id) in on {
        if !keep(collection, &id) {
            tx.prepare_cached("DELETE FROM dependencies WHERE op_seq = ?1 AND on_seq = ?2")?
                .execute([op_seq, on_seq])?;
        }
    }
    let sql = "SELECT collection, doc_id FROM awaited WHERE op_seq = ?1";
    let awaits = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, DocId>(1)?.0));
    let awaited: Vec<_> = tx.prepare_cached(sql)?.query_map([op_seq], awaits)?.collect::<Result<_, _>>()?;
    for (collection, id) in awaited {
        if !keep(collection, &id) {
            tx.prepare_cached("DELETE FROM awaited WHERE op_seq = ?1 AND collection = ?2 AND doc_id = ?3")?
                .execute(params![op_seq, collection, StoredId(&id)])?;
        }
    }
    Ok(())
}

/// One operation does from now on what another one did: it waits for the same, and what waited for that waits for it.
pub(crate) fn hand_on(tx: &Tx<'_>, from: i64, to: i64) -> Result<()> {
    for sql in [
        "UPDATE OR IGNORE dependencies SET op_seq = ?2 WHERE op_seq = ?1",
        "UPDATE OR IGNORE dependencies SET on_seq = ?2 WHERE on_seq = ?1",
        "UPDATE OR IGNORE awaited SET op_seq = ?2 WHERE op_seq = ?1",
    ] {
        tx.prepare_cached(sql)?.execute([from, to])?;
    }
    Ok(())
}

/// Forgets an operation: it waits for nothing, and none waits for it.
pub(crate) fn forget(tx: &Tx<'_>, op_seq: i64) -> Result<()> {
    clear(tx, op_seq)?;
    tx.prepare_cached("DELETE FROM dependencies WHERE on_seq = ?1")?.execute([op_seq])?;
    Ok(())
}

/// Forgets operations, given by a range of numbers.
pub(crate) fn forget_range(tx: &Tx<'_>, range: &RangeInclusive<i64>) -> Result<()> {
    for sql in [
        "DELETE FROM dependencies WHERE op_seq BETWEEN ?1 AND ?2",
        "DELETE FROM dependencies WHERE on_seq BETWEEN ?1 AND ?2",
        "DELETE FROM awaited WHERE op_seq BETWEEN ?1 AND ?2",
    ] {
        tx.prepare_cached(sql)?.execute([range.start(), range.end()])?;
    }
    Ok(())
}

/// Notes that the document of `op_seq` refers to one that is not here.
pub(crate) fn await_document(tx: &Tx<'_>, op_seq: i64, collection: i64, doc_id: &str) -> Result<()> {
    tx.prepare_cached("INSERT OR IGNORE INTO awaited (collection, doc_id, op_seq) VALUES (?1, ?2, ?3)")?
        .execute(params![collection, StoredId(doc_id), op_seq])?;
    Ok(())
}

/// The operations whose documents refer to a document that was not here. Forgets that they did.
pub(crate) fn take_awaiting(tx: &Tx<'_>, collection: i64, doc_id: &str) -> Result<Vec<i64>> {
    let mut statement =
        tx.prepare_cached("SELECT op_seq FROM awaited WHERE collection = ?1 AND doc_id = ?2 ORDER BY op_seq")?;
    let rows = statement.query_map(params![collection, StoredId(doc_id)], |row| row.get(0))?;
    let waiting: Vec<i64> = rows.collect::<Result<_, _>>()?;
    if !waiting.is_empty() {
        tx.prepare_cached("DELETE FROM awaited WHERE collection = ?1 AND doc_id = ?2")?
            .execute(params![collection, StoredId(doc_id)])?;
    }
    Ok(waiting)
}

/// What waits for an operation.
pub(crate) fn on(connection: &Connection, on_seq: i64) -> Result<Vec<i64>> {
    let mut statement =
        connection.prepare_cached("SELECT op_seq FROM dependencies WHERE on_seq = ?1 ORDER BY op_seq")?;
    let rows = statement.query_map([on_seq], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The rows `needed (op_seq, document, group_id)`: the operation whose number the SQL `root` gives, and all that must be sent before it or with
/// it, over however many others: what it refers to, the members of its group, and what was queued before in the same document.
pub(in crate::store) fn needed(root: &str) -> String {
    format!(
        "needed (op_seq, document, group_id) AS (
             SELECT op_seq, document, group_id FROM operations WHERE op_seq = {root}
             UNION SELECT b.op_seq, b.document, b.group_id FROM needed n CROSS JOIN dependencies w ON w.op_seq = n.op_seq
                 CROSS JOIN operations b ON b.op_seq = w.on_seq
             UNION SELECT m.op_seq, m.document, m.group_id FROM needed n CROSS JOIN operations m ON m.group_id = n.group_id
             UNION SELECT e.op_seq, e.document, e.group_id FROM needed n CROSS JOIN operations e ON e.document = n.document
                 WHERE e.behind = 1 AND e.op_seq < n.op_seq
             UNION SELECT h.op_seq, h.document, h.group_id FROM needed n CROSS JOIN documents d ON d.row = n.document
                 CROSS JOIN operations h ON h.op_seq = d.pending WHERE h.op_seq < n.op_seq)"
    )
}

/// The numbers of what must be sent before an operation or with it, itself included (see [`needed`]).
pub(crate) fn needed_by(connection: &Connection, op_seq: i64) -> Result<BTreeSet<i64>> {
    let sql = format!("WITH RECURSIVE {} SELECT op_seq FROM needed", needed("?1"));
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([op_seq], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

//! States of the server that wait beside their document, because a write of it was sent and has no answer. If it was parked so, they wait until the
//! app has decided on it.
//!
//! Invariant: each belongs to the snapshot of its collection's stream that is being kept or read. A stream that is read anew forgets them.

use super::conflicts::{parse_stamps, stamps_text};
use crate::error::Result;
use crate::model::{OpKind, OpState, RemoteChange};
use crate::store::Tx;
use crate::store::doc_id::DocId;
use crate::store::documents::DocumentRow;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Lets a state wait. An earlier one of the same document is replaced; a later one stays.
pub(crate) fn keep(tx: &Tx<'_>, row: &DocumentRow, change: &RemoteChange) -> Result<()> {
    let stamps = change.stamps.as_ref().map(stamps_text).transpose()?;
    tx.prepare_cached(
        "INSERT INTO waiting_states (document, collection, version, seq, updated_at, body, stamps) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (document) DO UPDATE SET version = excluded.version, seq = excluded.seq, updated_at = excluded.updated_at,
             body = excluded.body, stamps = excluded.stamps WHERE excluded.seq > seq",
    )?
    .execute(params![
        row.row,
        row.collection,
        change.version,
        change.seq,
        change.updated_ms,
        change.body.as_deref(),
        stamps
    ])?;
    Ok(())
}

/// Whether a state of this collection waits.
pub(crate) fn any(connection: &Connection, collection: i64) -> Result<bool> {
    Ok(connection.prepare_cached("SELECT 1 FROM waiting_states WHERE collection = ?1")?.exists([collection])?)
}

/// Collections with a state that needs to wait no longer.
pub(crate) fn ready_in(connection: &Connection) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(&format!("SELECT DISTINCT w.collection {}", ready()))?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Takes the states of a collection that need to wait no longer: those of documents that wait for no answer.
pub(crate) fn take_ready(tx: &Tx<'_>, collection: i64) -> Result<Vec<RemoteChange>> {
    let sql = format!(
        "SELECT w.document, d.id, w.version, w.seq, w.updated_at, w.body, w.stamps {} AND w.collection = ?1",
        ready()
    );
    let rows: Vec<(i64, RemoteChange)> =
        tx.prepare_cached(&sql)?.query_map([collection], read)?.collect::<Result<_, _>>()?;
    for (document, _) in &rows {
        forget(tx, *document, None)?;
    }
    Ok(rows.into_iter().map(|(_, change)| change).collect())
}

/// Takes the state of a document.
pub(crate) fn take(tx: &Tx<'_>, document: i64) -> Result<Option<RemoteChange>> {
    let sql = "SELECT w.document, d.id, w.version, w.seq, w.updated_at, w.body, w.stamps
               FROM waiting_states w JOIN documents d ON d.row = w.document WHERE w.document = ?1";
    let Some((_, change)) = tx.prepare_cached(sql)?.query_row([document], read).optional()? else { return Ok(None) };
    forget(tx, document, None)?;
    Ok(Some(change))
}

/// Forgets the state of a document if it is not later than `seq`; whatever it is, if there is no such place.
pub(crate) fn forget(tx: &Tx<'_>, document: i64, seq: Option<i64>) -> Result<()> {
    tx.prepare_cached("DELETE FROM waiting_states WHERE document = ?1 AND seq <= coalesce(?2, seq)")?
        .execute(params![document, seq])?;
    Ok(())
}

/// Forgets all states of a collection.
pub(crate) fn forget_all(tx: &Tx<'_>, collection: i64) -> Result<()> {
    tx.prepare_cached("DELETE FROM waiting_states WHERE collection = ?1")?.execute([collection])?;
    Ok(())
}

/// States whose document's first operation is none that a request has carried and that has no answer. What an action does is not known
/// here, so it keeps no state waiting. (`CROSS JOIN`: SQLite then goes from the few states to their documents; where the planner knows how many
/// documents there are, and nothing of an empty table, it would scan them.)
fn ready() -> String {
    format!(
        "FROM waiting_states w CROSS JOIN documents d ON d.row = w.document LEFT JOIN operations o ON o.op_seq = d.pending
         WHERE coalesce(o.kind = {} OR o.state NOT IN ({}, {}, {}), 1)",
        OpKind::Action.number(),
        OpState::SENT[0],
        OpState::SENT[1],
        OpState::SENT[2]
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<(i64, RemoteChange)> {
    let change = RemoteChange {
        id: row.get::<_, DocId>(1)?.0,
        version: row.get(2)?,
        seq: row.get(3)?,
        updated_ms: row.get(4)?,
        body: row.get(5)?,
        stamps: row.get_ref(6)?.as_str_or_null()?.and_then(parse_stamps),
        origin_op: None,
    };
    Ok((row.get(0)?, change))
}

//! Rows of the outbox.

use super::endings;
use crate::error::{Error, Result};
use crate::model::{Changes, Fields, Hlc, OpError, OpId, OpKind, OpState, Operation};
use crate::store::{Settled, Tx};
use rusqlite::{Connection, Params, Row, params};
use std::collections::BTreeSet;

const COLUMNS: &str = "o.op_seq, o.op_id, o.document, d.collection, d.id, o.kind, o.state, o.sent, o.base_version, o.changes, o.before, \
     o.hlc_ms, o.hlc_counter, o.group_id, o.attempts, o.rounds, o.next_attempt_at, o.error, o.absorbed";

impl OpKind {
    const fn number(self) -> i64 {
        match self {
            Self::Create => 0,
            Self::Update => 1,
            Self::Delete => 2,
        }
    }
}

impl OpState {
    const fn number(self) -> i64 {
        match self {
            Self::Queued => 0,
            Self::InFlight => 1,
            Self::Parked => 2,
            Self::InConflict => 3,
        }
    }
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    let Some(text) = row.get_ref(column)?.as_str_or_null()? else { return Ok(None) };
    serde_json::from_str(text).map(Some).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Operation> {
    Ok(Operation {
        op_seq: row.get(0)?,
        op_id: OpId::from_bytes(row.get(1)?),
        document: row.get(2)?,
        collection: row.get(3)?,
        doc_id: row.get(4)?,
        kind: match row.get(5)? {
            0 => OpKind::Create,
            1 => OpKind::Update,
            2 => OpKind::Delete,
            other => return Err(rusqlite::Error::IntegralValueOutOfRange(5, other)),
        },
        state: match row.get(6)? {
            0 => OpState::Queued,
            1 => OpState::InFlight,
            2 => OpState::Parked,
            3 => OpState::InConflict,
            other => return Err(rusqlite::Error::IntegralValueOutOfRange(6, other)),
        },
        sent: row.get(7)?,
        base_version: row.get(8)?,
        changes: json(row, 9)?,
        before: json(row, 10)?.unwrap_or_default(),
        // The node is this device's id, which is not repeated in every row.
        hlc: Hlc { ms: row.get(11)?, counter: row.get(12)?, node: String::new() },
        group: row.get(13)?,
        attempts: row.get(14)?,
        rounds: row.get(15)?,
        next_attempt_ms: row.get(16)?,
        error: json(row, 17)?,
        absorbed: ids(row.get_ref(18)?.as_blob_or_null()?.unwrap_or_default()),
    })
}

/// Ids that stand one after the other.
fn ids(bytes: &[u8]) -> Vec<OpId> {
    bytes.chunks_exact(16).filter_map(|id| Some(OpId::from_bytes(id.try_into().ok()?))).collect()
}

fn text<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::internal(format!("outbox: {e}")))
}

fn columns(op: &Operation) -> Result<(Option<String>, Option<String>, Option<String>)> {
    let changes = op.changes.as_ref().map(text::<Changes>).transpose()?;
    let before = (!op.before.is_empty()).then(|| text::<Fields>(&op.before)).transpose()?;
    let error = op.error.as_ref().map(text::<OpError>).transpose()?;
    Ok((changes, before, error))
}

/// Appends an operation; its `op_seq` is chosen here.
pub(crate) fn insert(tx: &Tx<'_>, op: &Operation) -> Result<i64> {
    let (changes, before, error) = columns(op)?;
    tx.prepare_cached(
        "INSERT INTO outbox (op_id, document, kind, state, sent, base_version, changes, before, hlc_ms, hlc_counter, group_id,
                             attempts, rounds, next_attempt_at, error)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?
    .execute(params![
        op.op_id.as_bytes(), op.document, op.kind.number(), op.state.number(), op.sent, op.base_version, changes, before,
        op.hlc.ms, op.hlc.counter, op.group, op.attempts, op.rounds, op.next_attempt_ms, error
    ])?;
    Ok(tx.last_insert_rowid())
}

/// Writes all that can change of an operation.
pub(crate) fn update(tx: &Tx<'_>, op: &Operation) -> Result<()> {
    let (changes, before, error) = columns(op)?;
    tx.prepare_cached(
        "UPDATE outbox SET kind = ?2, state = ?3, sent = ?4, base_version = ?5, changes = ?6, before = ?7, hlc_ms = ?8, hlc_counter = ?9,
                           attempts = ?10, rounds = ?11, next_attempt_at = ?12, error = ?13 WHERE op_seq = ?1",
    )?
    .execute(params![
        op.op_seq, op.kind.number(), op.state.number(), op.sent, op.base_version, changes, before, op.hlc.ms, op.hlc.counter, op.attempts,
        op.rounds, op.next_attempt_ms, error
    ])?;
    Ok(())
}

/// Ends an operation, and with it those that it has absorbed: who waits for one of them is told after the commit.
pub(crate) fn end(tx: &Tx<'_>, op: &Operation, how: Settled) -> Result<()> {
    remove(tx, op.op_seq)?;
    for id in [op.op_id].iter().chain(&op.absorbed) {
        endings::record(tx, *id, how)?;
        tx.settled(*id, how);
    }
    Ok(())
}

/// Joins an operation to another one, which does what both do and from now on answers for both.
pub(crate) fn absorb(tx: &Tx<'_>, into: &mut Operation, other: &Operation) -> Result<()> {
    remove(tx, other.op_seq)?;
    into.absorbed.push(other.op_id);
    into.absorbed.extend(&other.absorbed);
    let ids: Vec<u8> = into.absorbed.iter().flat_map(|id| *id.as_bytes()).collect();
    tx.prepare_cached("UPDATE outbox SET absorbed = ?2 WHERE op_seq = ?1")?.execute(params![into.op_seq, ids])?;
    Ok(())
}

/// Tells those who wait for an operation, or for one that it has absorbed, that it is parked.
pub(crate) fn tell_parked(tx: &Tx<'_>, op: &Operation) {
    for id in [op.op_id].iter().chain(&op.absorbed) {
        tx.settled(*id, Settled::Parked);
    }
}

fn remove(tx: &Tx<'_>, op_seq: i64) -> Result<()> {
    tx.prepare_cached("DELETE FROM outbox WHERE op_seq = ?1")?.execute([op_seq])?;
    Ok(())
}

fn select(connection: &Connection, condition: &str, params: impl Params) -> Result<Vec<Operation>> {
    let sql = format!("SELECT {COLUMNS} FROM outbox o JOIN documents d ON d.row = o.document {condition}");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params, read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The operations of a document, given by its row, oldest first.
pub(crate) fn of_document(connection: &Connection, document: i64) -> Result<Vec<Operation>> {
    select(connection, "WHERE o.document = ?1 ORDER BY o.op_seq", [document])
}

/// All operations, oldest first, at most `limit`.
pub(crate) fn all(connection: &Connection, limit: u32) -> Result<Vec<Operation>> {
    select(connection, "ORDER BY o.op_seq LIMIT ?1", [limit])
}

/// Operations that wait for a decision, oldest first.
pub(crate) fn parked(connection: &Connection) -> Result<Vec<Operation>> {
    select(connection, "WHERE o.state > 0 AND o.state = 2 ORDER BY o.op_seq", [])
}

/// The operation with this id, or the one that has absorbed it. A scan: for calls by people, not for loops.
pub(crate) fn by_id(connection: &Connection, id: OpId) -> Result<Option<Operation>> {
    Ok(select(connection, "WHERE o.op_id = ?1 OR instr(o.absorbed, ?1) > 0", [id.as_bytes()])?.pop())
}

/// An operation is at the head of its document's lane.
const HEAD: &str = "NOT EXISTS (SELECT 1 FROM outbox p WHERE p.document = o.document AND p.op_seq < o.op_seq)";

/// Which operations may be sent now. [`runnable`] and [`next_due`] see the same ones, so no timer is armed for one that no batch takes.
#[derive(Debug, Clone)]
pub(crate) struct Runnable {
    /// The device's time, ms since 1970.
    pub now_ms: i64,
    /// No wait is longer. A stored one that is comes from a clock that was wrong, and counts as over.
    pub longest_wait_ms: i64,
    /// Operations after this one belong to the next cycle.
    pub up_to: i64,
    /// Collections whose operations stay here.
    pub held: BTreeSet<i64>,
}

impl Runnable {
    /// The condition of an operation of the outbox, which is called `o`, with its document `d`: queued, at the head of its document's
    /// queue, of a collection that is not held. `due`: and its wait is over.
    fn condition(due: bool) -> String {
        let due = if due { DUE } else { "" };
        format!(
            "o.state = 0 AND o.op_seq <= ?1 {due} AND {HEAD} AND d.collection NOT IN (SELECT value FROM json_each(?4))"
        )
    }

    /// The same for a group as a whole, seen from its first member: every member fulfils it.
    fn with_group(due: bool) -> String {
        let own = Self::condition(due);
        format!(
            "{own} AND (o.group_id IS NULL OR o.op_seq = (SELECT min(op_seq) FROM outbox WHERE group_id = o.group_id)
                 AND (SELECT count(*) FROM outbox WHERE group_id = o.group_id)
                   = (SELECT count(*) FROM (SELECT o.group_id AS wanted) JOIN outbox o ON o.group_id = wanted
                          JOIN documents d ON d.row = o.document WHERE {own}))"
        )
    }

    fn params(&self) -> Result<(i64, i64, i64, String)> {
        Ok((self.up_to, self.now_ms, self.now_ms.saturating_add(self.longest_wait_ms), text(&self.held)?))
    }
}

const DUE: &str = "AND (o.next_attempt_at <= ?2 OR o.next_attempt_at > ?3)";

/// The next operations that may be sent, oldest first: at the heads of their documents' queues, queued and due. Of a group only the first
/// member is there, and only if all may be sent.
pub(crate) fn runnable(connection: &Connection, which: &Runnable, limit: usize) -> Result<Vec<Operation>> {
    let (up_to, now, bogus, held) = which.params()?;
    let condition = format!("WHERE {} ORDER BY o.op_seq LIMIT ?5", Runnable::with_group(true));
    select(connection, &condition, params![up_to, now, bogus, held, i64::try_from(limit).unwrap_or(i64::MAX)])
}

/// When the first operation that only its wait keeps here may be sent, device time, ms. `None` if there is none.
pub(crate) fn next_due(connection: &Connection, which: &Runnable) -> Result<Option<i64>> {
    let (up_to, now, bogus, held) = which.params()?;
    let wait = |table: &str| format!("CASE WHEN {table}.next_attempt_at > ?3 THEN ?2 ELSE {table}.next_attempt_at END");
    let sql = format!(
        "SELECT min(CASE WHEN o.group_id IS NULL THEN {} ELSE (SELECT max({}) FROM outbox g WHERE g.group_id = o.group_id) END)
         FROM outbox o JOIN documents d ON d.row = o.document WHERE {}",
        wait("o"),
        wait("g"),
        Runnable::with_group(false)
    );
    Ok(connection.prepare_cached(&sql)?.query_row(params![up_to, now, bogus, held], |row| row.get(0))?)
}

/// The number of the newest operation; 0 if there is none.
pub(crate) fn newest(connection: &Connection) -> Result<i64> {
    let mut statement = connection.prepare_cached("SELECT coalesce(max(op_seq), 0) FROM outbox")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Operations that wait for a time of their own after a failure, oldest first, at most `limit`.
pub(crate) fn waiting(connection: &Connection, which: &Runnable, limit: u32) -> Result<Vec<Operation>> {
    let condition =
        "WHERE o.next_attempt_at > ?1 AND o.next_attempt_at <= ?2 AND o.state = 0 ORDER BY o.op_seq LIMIT ?3";
    select(connection, condition, params![which.now_ms, which.now_ms.saturating_add(which.longest_wait_ms), limit])
}

/// The members of a group, oldest first.
pub(crate) fn of_group(connection: &Connection, group: &str) -> Result<Vec<Operation>> {
    select(connection, "WHERE o.group_id = ?1 ORDER BY o.op_seq", [group])
}

/// Marks operations as carried by the request that is about to go out. From here on their content is frozen.
pub(crate) fn lease(tx: &Tx<'_>, op_seqs: impl Iterator<Item = i64>) -> Result<()> {
    let mut statement = tx.prepare_cached("UPDATE outbox SET state = 1, sent = 1 WHERE op_seq = ?1")?;
    for op_seq in op_seqs {
        statement.execute([op_seq])?;
    }
    Ok(())
}

/// Makes every leased operation runnable again: nothing is out. (`state > 0`, here and below: so the planner sees that the partial index
/// `outbox_held` covers the query. The queue may be long.)
pub(crate) fn release_leases(tx: &Tx<'_>) -> Result<usize> {
    Ok(tx.prepare_cached("UPDATE outbox SET state = 0 WHERE state > 0 AND state = 1")?.execute([])?)
}

/// Lets every waiting operation be tried now.
pub(crate) fn clear_waits(tx: &Tx<'_>) -> Result<()> {
    tx.prepare_cached("UPDATE outbox SET next_attempt_at = 0 WHERE next_attempt_at > 0 AND state = 0")?.execute([])?;
    Ok(())
}

/// The greatest number up to which every operation has ended: what the server may forget.
pub(crate) fn acknowledged(connection: &Connection) -> Result<i64> {
    let mut statement = connection.prepare_cached(
        "SELECT coalesce((SELECT min(op_seq) - 1 FROM outbox), (SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0)",
    )?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// (pending, parked) operations. An operation in a conflict counts as neither: its conflict is counted.
pub(crate) fn counts(connection: &Connection) -> Result<(u64, u64)> {
    let mut statement = connection.prepare_cached(
        "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM outbox WHERE state > 0 AND state = 2),
                (SELECT count(*) FROM outbox WHERE state > 0 AND state = 3)",
    )?;
    Ok(statement.query_row([], |row| {
        let (all, parked, held): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(((all - parked - held).cast_unsigned(), parked.cast_unsigned()))
    })?)
}

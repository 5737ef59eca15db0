//! Rows of queued operations.
//!
//! Numbers rise and are never used again: the next one is one above the greatest in the table and above the number in `meta` that is kept
//! when the last row of the table goes.

pub(crate) use super::operation_columns::{changes_bytes, changes_from_text, changes_text};
pub(crate) use super::operation_states::{any_unanswered, doubt_open, lease, release_leases, unlease};
pub(crate) use super::runnable::{Runnable, SentAs, first_not_runnable, next_due, runnable, runnable_before_oldest};

use super::operation_columns::{
    COLUMNS, absorbed_column, action_column, before_column, changes_column, error_column, read,
};
use super::ranges::ranges;
use super::update::Update;
use super::{dependencies, meta};
use crate::error::Result;
use crate::model::{Body, OpId, OpKind, OpState, Operation, Stamp};
use crate::store::{Tx, outcomes};
use rusqlite::types::{ToSqlOutput, Value as Sql};
use rusqlite::{Connection, Params, ToSql, params};

/// An operation at its place in the queue of its document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InQueue<'a> {
    pub op: &'a Operation,
    /// Other operations of its document go before it.
    pub behind: bool,
    /// The server's live copy of the document, which stands in the row of its first operation.
    pub base: Option<&'a Body>,
}

impl<'a> InQueue<'a> {
    /// The operation of a document at this place, of which the first is 0. `base`: the server's live copy of the document.
    pub fn at(place: usize, op: &'a Operation, base: Option<&'a Body>) -> Self {
        Self { op, behind: place > 0, base: base.filter(|_| place == 0) }
    }
}

/// Adds an operation under the number that it has.
pub(crate) fn insert(tx: &Tx<'_>, InQueue { op, behind, base }: InQueue<'_>) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO operations (op_seq, op_id, document, kind, state, behind, base_version, changes, before, hlc_ms, hlc_counter, group_id,
                                 attempts, rounds, not_before, error, absorbed, action, base)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    )?
    .execute(params![
        op.op_seq,
        op.op_id.as_bytes(),
        op.document,
        op.kind.number(),
        op.state.number(),
        behind,
        op.base_version,
        changes_column(op),
        before_column(op)?,
        op.stamp.ms,
        op.stamp.counter,
        op.group,
        op.attempts,
        op.rounds,
        op.not_before_ms,
        error_column(op)?,
        absorbed_column(op),
        action_column(op)?,
        base
    ])?;
    used(tx, op.op_seq);
    Ok(())
}

/// Adds the create of a document whose content is its own body, under a new number.
pub(crate) fn insert_create(tx: &Tx<'_>, op_seq: i64, op_id: OpId, document: i64, stamp: Stamp) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO operations (op_seq, op_id, document, kind, state, behind, hlc_ms, hlc_counter)
         VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7)",
    )?
    .execute(params![
        op_seq,
        op_id.as_bytes(),
        document,
        OpKind::Create.number(),
        OpState::Open.number(),
        stamp.ms,
        stamp.counter
    ])?;
    used(tx, op_seq);
    Ok(())
}

/// The number of a new operation. It is used up once the operation is stored.
pub(crate) fn next_number(tx: &Tx<'_>) -> Result<i64> {
    Ok(last_known(tx)? + 1)
}

/// [`last_number`], read once.
fn last_known(tx: &Tx<'_>) -> Result<i64> {
    let known = &tx.remembered().last_number;
    let last = match known.get() {
        Some(last) => last,
        None => last_number(tx)?,
    };
    known.set(Some(last));
    Ok(last)
}

fn used(tx: &Tx<'_>, op_seq: i64) {
    let known = &tx.remembered().last_number;
    known.set(known.get().map(|last| last.max(op_seq)));
}

/// Writes what has changed of an operation; `was`: as it is stored.
pub(crate) fn update(tx: &Tx<'_>, stored: InQueue<'_>, now: InQueue<'_>) -> Result<()> {
    let (was, op) = (stored.op, now.op);
    let owned = |value: Sql| Ok(ToSqlOutput::Owned(value));
    let moved = was.state.number() != op.state.number();
    let mut update = Update::of("operations");
    update.set("op_id", was.op_id != op.op_id, || Ok(op.op_id.as_bytes().to_sql()?))?;
    update.set("document", was.document != op.document, || Ok(op.document.into()))?;
    update.set("kind", was.kind != op.kind, || Ok(op.kind.number().into()))?;
    update.set("state", moved, || Ok(op.state.number().into()))?;
    update.set("behind", stored.behind != now.behind, || Ok(now.behind.into()))?;
    update.set("base_version", was.base_version != op.base_version, || Ok(op.base_version.to_sql()?))?;
    // A stamp of its own is stored as its distance to the operation's.
    let changed = was.changes != op.changes || was.stamp != op.stamp;
    update.set("changes", changed, || owned(changes_column(op).into()))?;
    update.set("before", was.before != op.before, || owned(before_column(op)?.into()))?;
    update.set("hlc_ms", was.stamp.ms != op.stamp.ms, || Ok(op.stamp.ms.into()))?;
    update.set("hlc_counter", was.stamp.counter != op.stamp.counter, || Ok(op.stamp.counter.into()))?;
    update.set("group_id", was.group != op.group, || Ok(op.group.to_sql()?))?;
    update.set("attempts", was.attempts != op.attempts, || Ok(op.attempts.into()))?;
    update.set("rounds", was.rounds != op.rounds, || Ok(op.rounds.into()))?;
    update.set("not_before", was.not_before_ms != op.not_before_ms, || Ok(op.not_before_ms.into()))?;
    update.set("error", was.error() != op.error(), || owned(error_column(op)?.into()))?;
    update.set("absorbed", was.absorbed != op.absorbed, || owned(absorbed_column(op).into()))?;
    update.set("action", was.action != op.action, || owned(action_column(op)?.into()))?;
    update.set("base", stored.base != now.base, || Ok(now.base.to_sql()?))?;
    update.run(tx, "op_seq", op.op_seq)?;
    // A document's status comes from its operations.
    if op.document != 0 && (moved || was.kind != op.kind) {
        tx.changed(op.collection, op.document);
    }
    Ok(())
}

/// Takes an operation out of the queue. Its number is not used again.
pub(crate) fn remove(tx: &Tx<'_>, op_seq: i64) -> Result<()> {
    if last_known(tx)? == op_seq {
        keep_last_number(tx)?;
    }
    tx.prepare_cached("DELETE FROM operations WHERE op_seq = ?1")?.execute([op_seq])?;
    dependencies::forget(tx, op_seq)
}

/// Takes many operations out of the queue.
pub(crate) fn remove_all(tx: &Tx<'_>, op_seqs: impl Iterator<Item = i64>) -> Result<()> {
    let ranges = ranges(op_seqs);
    let last: Option<i64> = tx.prepare_cached("SELECT max(op_seq) FROM operations")?.query_row([], |row| row.get(0))?;
    if last.is_some_and(|last| ranges.iter().any(|range| range.contains(&last))) {
        keep_last_number(tx)?;
    }
    for range in ranges {
        tx.prepare_cached("DELETE FROM operations WHERE op_seq BETWEEN ?1 AND ?2")?
            .execute([range.start(), range.end()])?;
        dependencies::forget_range(tx, &range)?;
    }
    Ok(())
}

/// Keeps the last number that was used, before the operation that has it goes.
pub(crate) fn keep_last_number(tx: &Tx<'_>) -> Result<()> {
    let last = last_number(tx)?;
    meta::set(tx, meta::Key::LastOpSeq, &last.to_string())
}

/// Notes a number as used whose operation is not stored: it was joined to another one at once.
pub(crate) fn use_number(tx: &Tx<'_>, op_seq: i64) -> Result<()> {
    if op_seq > last_number(tx)? {
        meta::set(tx, meta::Key::LastOpSeq, &op_seq.to_string())?;
        used(tx, op_seq);
    }
    Ok(())
}

/// The last number that was used. 0 if there was none.
pub(crate) fn last_number(connection: &Connection) -> Result<i64> {
    let queued: Option<i64> =
        connection.prepare_cached("SELECT max(op_seq) FROM operations")?.query_row([], |row| row.get(0))?;
    let kept = meta::get_number(connection, meta::Key::LastOpSeq)?;
    Ok(queued.unwrap_or(0).max(kept.unwrap_or(0)))
}

fn select(connection: &Connection, condition: &str, params: impl Params) -> Result<Vec<Operation>> {
    let sql = format!("SELECT {COLUMNS} FROM operations o LEFT JOIN documents d ON d.row = o.document {condition}");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params, read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Operations as a request carries them: without what the user saw before, which only the device needs, but for what is made again.
pub(super) fn select_to_send(connection: &Connection, condition: &str, params: impl Params) -> Result<Vec<Operation>> {
    let before = format!("CASE WHEN o.kind = {} THEN o.before END", OpKind::Create.number());
    let columns = COLUMNS.replace("o.before", &before);
    let sql = format!("SELECT {columns} FROM operations o LEFT JOIN documents d ON d.row = o.document {condition}");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params, read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The operations of a document, given by its row, oldest first.
pub(crate) fn of_document(connection: &Connection, document: i64) -> Result<Vec<Operation>> {
    let first = "JOIN documents f ON f.row = ?1 WHERE o.op_seq = f.pending";
    let mut ops = select(connection, first, [document])?;
    // `behind = 1`: so that the planner sees that the partial index covers the query.
    ops.extend(select(connection, "WHERE o.document = ?1 AND o.behind = 1 ORDER BY o.op_seq", [document])?);
    Ok(ops)
}

/// All operations, oldest first, at most `limit`.
pub(crate) fn all(connection: &Connection, limit: u32) -> Result<Vec<Operation>> {
    select(connection, "ORDER BY o.op_seq LIMIT ?1", [limit])
}

/// Operations that wait for a decision, oldest first.
pub(crate) fn parked(connection: &Connection) -> Result<Vec<Operation>> {
    select(connection, "WHERE o.state > 1 AND o.state IN (3, 5) ORDER BY o.op_seq", [])
}

/// The operation with this id, or the one that has absorbed it. No scan: the id carries the number.
pub(crate) fn by_id(connection: &Connection, id: OpId) -> Result<Option<Operation>> {
    let id = outcomes::absorbed_by(connection, id)?.unwrap_or(id);
    let number = id.op_seq(last_number(connection)?);
    let found = select(connection, "WHERE o.op_seq = ?1", [number])?.pop();
    Ok(found.filter(|op| op.op_id == id))
}

/// The operation with this number.
pub(crate) fn by_number(connection: &Connection, op_seq: i64) -> Result<Option<Operation>> {
    Ok(select(connection, "WHERE o.op_seq = ?1", [op_seq])?.pop())
}

/// The number of the newest operation; 0 if there is none.
pub(crate) fn newest(connection: &Connection) -> Result<i64> {
    let mut statement = connection.prepare_cached("SELECT coalesce(max(op_seq), 0) FROM operations")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Operations that wait for a time of their own, after ?1 and not after ?2. Its first term names the index of those that wait at all.
pub(in crate::store) const WAITS: &str =
    "o.not_before > 0 AND o.not_before > ?1 AND o.not_before <= ?2 AND o.state <= 1";

/// Operations that wait for a time of their own after a failure, oldest first, at most `limit`.
pub(crate) fn waiting(connection: &Connection, which: &Runnable, limit: u32) -> Result<Vec<Operation>> {
    let condition = format!("WHERE {WAITS} ORDER BY o.op_seq LIMIT ?3");
    select(connection, &condition, params![which.now_ms, which.now_ms.saturating_add(which.longest_wait_ms), limit])
}

/// How many there are of those.
pub(crate) fn count_waiting(connection: &Connection, now_ms: i64, longest_wait_ms: i64) -> Result<u64> {
    let mut statement = connection.prepare_cached(&format!("SELECT count(*) FROM operations o WHERE {WAITS}"))?;
    let count: i64 = statement.query_row((now_ms, now_ms.saturating_add(longest_wait_ms)), |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

/// How many members a group has, and how many bytes they hold.
pub(crate) fn group_size(connection: &Connection, group: &str) -> Result<(usize, usize)> {
    let mut statement = connection.prepare_cached(
        "SELECT count(*), coalesce(sum(octet_length(coalesce(o.changes, d.body, '')) + CASE typeof(d.id) WHEN 'blob' THEN 36 ELSE octet_length(d.id) END), 0)
         FROM operations o CROSS JOIN documents d ON d.row = o.document WHERE o.group_id = ?1",
    )?;
    let (members, bytes): (i64, i64) = statement.query_row([group], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((usize::try_from(members).unwrap_or_default(), usize::try_from(bytes).unwrap_or_default()))
}

/// How many operations there are, in whatever state.
pub(crate) fn count(connection: &Connection) -> Result<u64> {
    let count: i64 = connection.prepare_cached("SELECT count(*) FROM operations")?.query_row([], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

/// The members of a group, oldest first.
pub(crate) fn of_group(connection: &Connection, group: &str) -> Result<Vec<Operation>> {
    select(connection, "WHERE o.group_id = ?1 ORDER BY o.op_seq", [group])
}

/// Gives the members of a group another one, or none.
pub(crate) fn regroup(tx: &Tx<'_>, group: &str, to: Option<&str>) -> Result<()> {
    tx.prepare_cached("UPDATE operations SET group_id = ?2 WHERE group_id = ?1")?.execute(params![group, to])?;
    Ok(())
}

/// Lets every action that may be sent now wait until `until_ms`, device time.
pub(crate) fn delay_actions(tx: &Tx<'_>, now_ms: i64, until_ms: i64) -> Result<()> {
    let kind = OpKind::Action.number();
    let sql = format!("UPDATE operations SET not_before = ?2 WHERE kind = {kind} AND state <= 1 AND not_before <= ?1");
    tx.prepare_cached(&sql)?.execute([now_ms, until_ms])?;
    Ok(())
}

/// Lets every waiting operation be tried now.
pub(crate) fn clear_waits(tx: &Tx<'_>) -> Result<()> {
    tx.prepare_cached("UPDATE operations SET not_before = 0 WHERE not_before > 0 AND state <= 1")?.execute([])?;
    Ok(())
}

/// The greatest number up to which every operation has ended: what the server may forget.
pub(crate) fn acknowledged(connection: &Connection) -> Result<i64> {
    let first: Option<i64> =
        connection.prepare_cached("SELECT min(op_seq) FROM operations")?.query_row([], |row| row.get(0))?;
    match first {
        Some(first) => Ok(first - 1),
        None => last_number(connection),
    }
}

/// (pending, parked) operations. An operation in a conflict counts as neither: its conflict is counted. Nor does one that waits, over however
/// many others, for one of those: it will not be sent, and needs no decision of its own. `ordered`: everything after one of those waits for it.
pub(crate) fn counts(connection: &Connection, ordered: bool) -> Result<(u64, u64)> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE stuck (op_seq, document, group_id) AS (
             SELECT op_seq, document, group_id FROM operations WHERE state > 1 AND state >= 3
             UNION SELECT b.op_seq, b.document, b.group_id FROM stuck s CROSS JOIN operations b ON b.document = s.document
                 WHERE b.behind = 1 AND b.op_seq > s.op_seq
             UNION SELECT w.op_seq, b.document, b.group_id FROM stuck s CROSS JOIN dependencies w ON w.on_seq = s.op_seq
                 CROSS JOIN operations b ON b.op_seq = w.op_seq
             UNION SELECT m.op_seq, m.document, m.group_id FROM stuck s CROSS JOIN operations m ON m.group_id = s.group_id
         )
         SELECT CASE WHEN ?1
                     THEN (SELECT count(*) FROM operations WHERE op_seq < coalesce((SELECT min(op_seq) FROM stuck), 9223372036854775807))
                     ELSE (SELECT count(*) FROM operations) - (SELECT count(*) FROM stuck) END,
                (SELECT count(*) FROM operations WHERE state > 1 AND state IN (3, 5))",
    )?;
    Ok(statement.query_row([ordered], |row| {
        let (pending, parked): (i64, i64) = (row.get(0)?, row.get(1)?);
        Ok((pending.cast_unsigned(), parked.cast_unsigned()))
    })?)
}

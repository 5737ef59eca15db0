//! Which queued operations may be sent now. One notion, which the sender and its timer share.

use super::dependencies;
use super::operation_columns::text;
use super::operations::select_to_send;
use crate::error::Result;
use crate::model::{OpKind, Operation};
use rusqlite::{Connection, params};
use std::collections::BTreeSet;

/// What an operation is sent as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SentAs {
    Anything,
    Writes,
    Actions,
}

/// Which operations may be sent now. [`runnable`] and [`next_due`] see the same ones, so no timer is armed for one that no batch takes.
#[derive(Debug, Clone)]
pub(crate) struct Runnable {
    /// The device's time, ms since 1970.
    pub now_ms: i64,
    /// No wait is longer. A stored one that is comes from a clock that was wrong, and counts as over.
    pub longest_wait_ms: i64,
    /// Operations after this one belong to the next cycle.
    pub up_to: i64,
    /// Collections whose operations stay here; 0 stands for the actions that are about no document.
    pub held: BTreeSet<i64>,
    /// One order for all documents: an operation that may not be sent stops all behind it.
    pub ordered: bool,
    pub sent_as: SentAs,
}

impl Runnable {
    /// The condition of an operation, which is called `table`: queued, at the head of its document's queue, waiting for no other document,
    /// of a collection that is not held. `due`: and its wait is over. Parameters: 1 `up_to`, 2 now, 3 the longest wait from now, 4 `held`.
    fn condition(&self, table: &str, due: bool) -> String {
        let due = match due {
            true => format!("AND ({table}.not_before <= ?2 OR {table}.not_before > ?3)"),
            false => String::new(),
        };
        let kind = match self.sent_as {
            SentAs::Anything => String::new(),
            SentAs::Writes => format!("AND {table}.kind <> {}", OpKind::Action.number()),
            SentAs::Actions => format!("AND {table}.kind = {}", OpKind::Action.number()),
        };
        format!(
            "{table}.state <= 1 AND {table}.behind = 0 AND {table}.op_seq <= ?1 {due} {kind}
             AND NOT EXISTS (SELECT 1 FROM dependencies w WHERE w.op_seq = {table}.op_seq)
             AND coalesce((SELECT h.collection FROM documents h WHERE h.row = {table}.document), 0)
                 NOT IN (SELECT value FROM json_each(?4))"
        )
    }

    /// The same for a group as a whole, seen from its first member: every member fulfils it.
    fn with_group(&self, due: bool) -> String {
        let (own, member) = (self.condition("o", due), self.condition("m", due));
        format!(
            "{own} AND (o.group_id IS NULL OR o.op_seq = (SELECT min(m.op_seq) FROM operations m WHERE m.group_id = o.group_id)
                 AND NOT EXISTS (SELECT 1 FROM operations m WHERE m.group_id = o.group_id AND NOT ({member})))"
        )
    }

    fn params(&self) -> Result<(i64, i64, i64, String)> {
        Ok((self.up_to, self.now_ms, self.now_ms.saturating_add(self.longest_wait_ms), text(&self.held)?))
    }
}

/// The next operations that may be sent, oldest first, without what the user saw before. Of a group only the first member is there, and only if all may be sent.
pub(crate) fn runnable(connection: &Connection, which: &Runnable, limit: usize) -> Result<Vec<Operation>> {
    runnable_among(connection, which, limit, "")
}

/// As [`runnable`], of those alone for which the oldest of all operations waits: in one global order they go before it.
pub(crate) fn runnable_before_oldest(
    connection: &Connection,
    which: &Runnable,
    limit: usize,
) -> Result<Vec<Operation>> {
    runnable_among(connection, which, limit, &needed_by_oldest())
}

fn runnable_among(connection: &Connection, which: &Runnable, limit: usize, among: &str) -> Result<Vec<Operation>> {
    let (up_to, now, bogus, held) = which.params()?;
    let condition = format!("WHERE {} {among} ORDER BY o.op_seq LIMIT ?5", which.with_group(true));
    select_to_send(connection, &condition, params![up_to, now, bogus, held, i64::try_from(limit).unwrap_or(i64::MAX)])
}

/// A further condition: the oldest operation of all, and what must be sent before it or with it.
fn needed_by_oldest() -> String {
    let needed = dependencies::needed("(SELECT min(op_seq) FROM operations)");
    format!("AND o.op_seq IN (WITH RECURSIVE {needed} SELECT op_seq FROM needed)")
}

/// The oldest operation that may not be sent now, or not yet, because one is before it in its document: in one global order it must not be
/// overtaken. `None` if all may. Of a group only the first member counts.
pub(crate) fn first_not_runnable(connection: &Connection, which: &Runnable) -> Result<Option<i64>> {
    let (up_to, now, bogus, held) = which.params()?;
    let sql = format!(
        "SELECT min(o.op_seq) FROM operations o WHERE o.op_seq <= ?1 AND NOT ({})
             AND (o.group_id IS NULL OR o.op_seq = (SELECT min(f.op_seq) FROM operations f WHERE f.group_id = o.group_id))",
        which.with_group(true)
    );
    Ok(connection.prepare_cached(&sql)?.query_row(params![up_to, now, bogus, held], |row| row.get(0))?)
}

/// When the first operation that only its wait keeps here may be sent, device time, ms. `None` if there is none.
pub(crate) fn next_due(connection: &Connection, which: &Runnable) -> Result<Option<i64>> {
    let (up_to, now, bogus, held) = which.params()?;
    // In one global order all others wait for the oldest.
    let only = if which.ordered { needed_by_oldest() } else { String::new() };
    let wait = |table: &str| format!("CASE WHEN {table}.not_before > ?3 THEN ?2 ELSE {table}.not_before END");
    let sql = format!(
        "SELECT min(CASE WHEN o.group_id IS NULL THEN {} ELSE (SELECT max({}) FROM operations g WHERE g.group_id = o.group_id) END)
         FROM operations o WHERE {} {}",
        wait("o"),
        wait("g"),
        which.with_group(false),
        only
    );
    Ok(connection.prepare_cached(&sql)?.query_row(params![up_to, now, bogus, held], |row| row.get(0))?)
}

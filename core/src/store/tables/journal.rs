//! The journal of values that lost.

use super::operations::{changes_from_text, changes_text};
use crate::error::Result;
use crate::model::{Action, Changes, OpId, Stamp};
use crate::store::Tx;
use crate::store::doc_id::{DocId, StoredId};
use crate::time::{Frame, MS_MASK, frame_of, pack, unpack};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value, json};

/// Why a value lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossReason {
    /// The local value lost: the server's stands, or a third.
    ServerKept,
    /// The server's value lost: the local one stands, or a third.
    LocalKept,
    /// The app discarded the write.
    Discarded,
}

impl LossReason {
    /// The name in every language: `serverKept`, `localKept`, `discarded`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ServerKept => "serverKept",
            Self::LocalKept => "localKept",
            Self::Discarded => "discarded",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "serverKept" => Self::ServerKept,
            "localKept" => Self::LocalKept,
            _ => Self::Discarded,
        }
    }
}

/// A value that lost, and what stands instead. Kept for as long as [`Config::keep_journal`](crate::Config::keep_journal) says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// Its number, for [`restore`](crate::Holm::restore).
    pub id: i64,
    /// When; server time as known here, ms since 1970.
    pub at_ms: i64,
    /// The collection's name; empty for an action without one.
    pub collection: String,
    /// The document; empty for an action without one.
    pub doc_id: String,
    /// The operation that lost. `None` if only a part of one did.
    pub op_id: Option<String>,
    /// Why.
    pub reason: LossReason,
    /// The places whose values lost, as JSON Pointers. Empty for a delete and for an action.
    pub fields: Vec<String>,
    /// JSON: what lost, as a patch that would write it back; `{"deleted":true}` for a delete, `{"action":"name","params":…}` for an action
    /// that was given up.
    pub lost: String,
    /// JSON: what stands instead. `None` if nothing does.
    pub kept: Option<String>,
}

/// What lost.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Lost {
    /// Values of paths: the changes that would bring them back.
    Paths(Changes),
    /// A delete, with the changes that were joined to it.
    Delete(Changes),
    /// The call of an action.
    Call(Action),
}

/// One loss.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Loss {
    /// When, in server time. `None` where that was not known.
    pub at_ms: Option<i64>,
    pub collection: i64,
    pub doc_id: String,
    pub op_id: Option<OpId>,
    pub reason: LossReason,
    pub lost: Lost,
    pub kept: Option<String>,
}

/// Writes down a loss, in the transaction that causes it. `at_ms`: server time, or device time with its frame, which [`settle`] converts.
pub(crate) fn record(tx: &Tx<'_>, loss: &Loss, at_ms: i64) -> Result<()> {
    let none = Changes::new();
    let (deleted, changes, call) = match &loss.lost {
        Lost::Paths(changes) => (false, changes, None),
        Lost::Delete(changes) => (true, changes, None),
        Lost::Call(action) => (false, &none, Some(json!({"action": action.name, "params": action.params}).to_string())),
    };
    tx.prepare_cached(
        "INSERT INTO journal (at, collection, doc_id, op_id, reason, deleted, changes, kept, action)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        at_ms,
        loss.collection,
        StoredId(&loss.doc_id),
        loss.op_id.as_ref().map(OpId::as_bytes),
        loss.reason.as_str(),
        deleted,
        changes_text(changes, Stamp::default()),
        loss.kept,
        call
    ])?;
    Ok(())
}

/// What lost, of the columns `deleted`, `changes` and `action`, of which `first` is the first.
fn lost(row: &Row<'_>, first: usize) -> rusqlite::Result<Lost> {
    let changes = first + 1;
    if let Some(call) = row.get_ref(first + 2)?.as_str_or_null()? {
        let mut call: Value = serde_json::from_str(call).unwrap_or_default();
        let name = call["action"].as_str().unwrap_or_default().to_owned();
        return Ok(Lost::Call(Action { name, params: call["params"].take(), job: None, polls: 0 }));
    }
    let text = row.get_ref(changes)?.as_str()?;
    let read = changes_from_text(text, Stamp::default()).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(changes, rusqlite::types::Type::Text, Box::new(error))
    })?;
    Ok(if row.get(first)? { Lost::Delete(read) } else { Lost::Paths(read) })
}

/// The newest entries first, at most `limit`. `server_ms` converts a stored time.
pub(crate) fn newest(connection: &Connection, limit: u32, server_ms: impl Fn(i64) -> i64) -> Result<Vec<JournalEntry>> {
    let mut statement = connection.prepare_cached(
        "SELECT j.id, at, coalesce(c.name, ''), doc_id, op_id, reason, kept, deleted, changes, action
         FROM journal j LEFT JOIN collections c ON c.id = j.collection ORDER BY j.id DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([limit], |row| {
        let lost = lost(row, 7)?;
        let (fields, text) = match &lost {
            Lost::Paths(changes) => {
                let fields = changes.paths().map(ToString::to_string).collect();
                (fields, Value::Object(changes.to_patch()).to_string())
            }
            Lost::Delete(_) => (Vec::new(), r#"{"deleted":true}"#.to_owned()),
            Lost::Call(_) => (Vec::new(), row.get(9)?),
        };
        Ok(JournalEntry {
            id: row.get(0)?,
            at_ms: server_ms(row.get(1)?),
            collection: row.get(2)?,
            doc_id: row.get::<_, DocId>(3)?.0,
            op_id: row.get::<_, Option<[u8; 16]>>(4)?.map(|bytes| OpId::from_bytes(bytes).to_string()),
            reason: LossReason::parse(row.get_ref(5)?.as_str()?),
            fields,
            lost: text,
            kept: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// An entry by its number.
pub(crate) fn by_id(connection: &Connection, id: i64) -> Result<Option<Loss>> {
    let mut statement = connection.prepare_cached(
        "SELECT at, collection, doc_id, op_id, reason, kept, deleted, changes, action FROM journal WHERE id = ?1",
    )?;
    let found = statement.query_row([id], |row| {
        Ok(Loss {
            at_ms: Some(row.get(0)?).filter(|at| frame_of(*at) == 0),
            collection: row.get(1)?,
            doc_id: row.get::<_, DocId>(2)?.0,
            op_id: row.get::<_, Option<[u8; 16]>>(3)?.map(OpId::from_bytes),
            reason: LossReason::parse(row.get_ref(4)?.as_str()?),
            kept: row.get(5)?,
            lost: lost(row, 6)?,
        })
    });
    Ok(found.optional()?)
}

/// Converts the times of entries that were made in a frame which has its offset now.
pub(crate) fn settle(tx: &Tx<'_>, frame: &Frame) -> Result<()> {
    let mut statement = tx.prepare_cached("SELECT id, at FROM journal WHERE at >= ?1 AND at < ?2")?;
    let range = [pack(frame.id, 0), pack(frame.id + 1, 0)];
    let entries: Vec<(i64, i64)> =
        statement.query_map(range, |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (id, at) in entries {
        if let Some(ms) = frame.server_ms(unpack(at).1) {
            tx.prepare_cached("UPDATE journal SET at = ?2 WHERE id = ?1")?.execute([id, ms.max(0)])?;
        }
    }
    Ok(())
}

/// Forgets entries older than `before_ms` by the device's time: where there is no server, there is no other.
pub(crate) fn purge_by_device(tx: &Tx<'_>, before_ms: i64) -> Result<usize> {
    let sql = "DELETE FROM journal WHERE (at & ?2) < ?1";
    Ok(tx.prepare_cached(sql)?.execute([before_ms, MS_MASK])?)
}

/// Forgets entries older than `before_ms`, server time. One whose time is not known in the server's stays.
pub(crate) fn purge(tx: &Tx<'_>, before_ms: i64) -> Result<usize> {
    Ok(tx.prepare_cached("DELETE FROM journal WHERE at < ?1")?.execute([before_ms])?)
}

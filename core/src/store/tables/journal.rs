//! The journal of values that lost.

use crate::error::Result;
use crate::model::OpId;
use crate::store::Tx;
use rusqlite::{Connection, params};

/// Why a value lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossReason {
    /// A conflict was resolved for the server's side; the local value lost.
    ServerKept,
    /// A conflict was resolved for the local side; the server's value lost.
    LocalKept,
    /// The app discarded the write.
    Discarded,
}

impl LossReason {
    /// The name on every side: `serverKept`, `localKept`, `discarded`.
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

/// One value that lost, and what stands instead. Kept for as long as [`Config::keep_journal`](crate::Config::keep_journal) says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// When, server time as known here, ms since 1970.
    pub at_ms: i64,
    /// The collection's name.
    pub collection: String,
    /// The document.
    pub doc_id: String,
    /// The operation that lost, if it was one.
    pub op_id: Option<String>,
    /// Why.
    pub reason: LossReason,
    /// JSON: the fields, or the document, that lost; of a discarded write what it changed, as a patch, or `{"deleted":true}`.
    pub lost: String,
    /// JSON: what stands instead; none if nothing does.
    pub kept: Option<String>,
}

/// What [`record`] writes.
pub(crate) struct Loss<'a> {
    pub at_ms: i64,
    pub collection: i64,
    pub doc_id: &'a str,
    pub op_id: Option<OpId>,
    pub reason: LossReason,
    pub lost: String,
    pub kept: Option<String>,
}

/// Writes down a loss, in the transaction that causes it.
pub(crate) fn record(tx: &Tx<'_>, loss: &Loss<'_>) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO journal (at, collection, doc_id, op_id, reason, lost, kept) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        loss.at_ms,
        loss.collection,
        loss.doc_id,
        loss.op_id.as_ref().map(OpId::as_bytes),
        loss.reason.as_str(),
        loss.lost,
        loss.kept
    ])?;
    Ok(())
}

/// The newest entries first, at most `limit`.
pub(crate) fn newest(connection: &Connection, limit: u32) -> Result<Vec<JournalEntry>> {
    let mut statement = connection.prepare_cached(
        "SELECT at, c.name, doc_id, op_id, reason, lost, kept FROM journal j JOIN collections c ON c.id = j.collection
         ORDER BY j.id DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([limit], |row| {
        Ok(JournalEntry {
            at_ms: row.get(0)?,
            collection: row.get(1)?,
            doc_id: row.get(2)?,
            op_id: row.get::<_, Option<[u8; 16]>>(3)?.map(|bytes| OpId::from_bytes(bytes).to_string()),
            reason: LossReason::parse(row.get_ref(4)?.as_str()?),
            lost: row.get(5)?,
            kept: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Forgets entries older than `before_ms`.
pub(crate) fn purge(tx: &Tx<'_>, before_ms: i64) -> Result<usize> {
    Ok(tx.prepare_cached("DELETE FROM journal WHERE at < ?1")?.execute([before_ms])?)
}

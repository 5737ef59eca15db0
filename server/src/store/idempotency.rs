//! Replies to plain writes that brought an `Idempotency-Key`, written in the transaction of their effect.

use super::WriteTx;
use crate::model::{CollectionName, OpId};
use rusqlite::{Connection, OptionalExtension, Result, params};

/// A reply that may be asked for again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredReply {
    /// The hash of the request's content, to tell another one under the same key.
    pub(crate) content: [u8; 16],
    /// The record that it wrote.
    pub(crate) record_id: String,
    /// The `ETag` of the reply.
    pub(crate) etag: Option<String>,
    /// `data` of the reply; `None` if it had no body.
    pub(crate) data: Option<Vec<u8>>,
}

/// The reply under a key.
pub(crate) fn find(connection: &Connection, user: i64, key: &OpId) -> Result<Option<StoredReply>> {
    let mut statement = connection.prepare_cached(
        "SELECT content, record_id, etag, CAST(data AS BLOB) FROM idempotency WHERE user = ?1 AND key = ?2",
    )?;
    let reply = statement.query_row(params![user, key.as_str()], |row| {
        Ok(StoredReply { content: row.get(0)?, record_id: row.get(1)?, etag: row.get(2)?, data: row.get(3)? })
    });
    reply.optional()
}

/// Stores a reply.
pub(crate) fn insert(
    tx: &WriteTx<'_>,
    user: i64,
    key: &OpId,
    collection: &CollectionName,
    now: i64,
    reply: &StoredReply,
) -> Result<()> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO idempotency (user, key, content, ts, collection, record_id, etag, data)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, CAST(?8 AS TEXT))",
    )?;
    statement.execute(params![
        user,
        key.as_str(),
        reply.content,
        now,
        collection.as_str(),
        reply.record_id,
        reply.etag,
        reply.data
    ])?;
    Ok(())
}

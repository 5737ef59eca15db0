//! Replies to plain writes that brought an `Idempotency-Key`, written in the transaction of their effect.
//!
//! Invariant: `spaces.reply_bytes` is what the replies of the space's owner take, each with [`ROW_BYTES`].

use super::WriteTx;
use crate::model::{CollectionName, OpId};
use rusqlite::{Connection, OptionalExtension, Result, params};

/// What a reply takes beside its body.
pub(crate) const ROW_BYTES: i64 = 256;

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
    let bytes = reply.data.as_ref().map_or(0, |data| data.len() as i64) + ROW_BYTES;
    add(tx, user, bytes)
}

/// Forgets the oldest replies of a user once they take more than `most` bytes, down to half of that.
pub(crate) fn keep_within(tx: &WriteTx<'_>, user: i64, most: i64) -> Result<()> {
    let mut bytes: i64 =
        tx.prepare_cached("SELECT reply_bytes FROM spaces WHERE owner = ?1")?.query_row([user], |row| row.get(0))?;
    if bytes <= most {
        return Ok(());
    }
    let mut oldest = tx.prepare_cached(
        "SELECT key, coalesce(octet_length(data), 0) FROM idempotency WHERE user = ?1 ORDER BY ts LIMIT 1000",
    )?;
    let rows = oldest.query_map([user], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    let mut freed = 0;
    for row in rows.collect::<Result<Vec<_>>>()? {
        if bytes <= most / 2 {
            break;
        }
        tx.prepare_cached("DELETE FROM idempotency WHERE user = ?1 AND key = ?2")?.execute(params![user, row.0])?;
        bytes -= row.1 + ROW_BYTES;
        freed += row.1 + ROW_BYTES;
    }
    add(tx, user, -freed)
}

/// Counts bytes of replies.
pub(super) fn add(tx: &WriteTx<'_>, user: i64, bytes: i64) -> Result<()> {
    tx.prepare_cached("UPDATE spaces SET reply_bytes = max(0, reply_bytes + ?2) WHERE owner = ?1")?
        .execute([user, bytes])?;
    Ok(())
}

//! Giving up the content of documents that are used least.
//!
//! Invariants:
//! - What stays of an evicted document still stands for the server's live copy: id, seq and version, so count and digest do not change.
//! - Only a clean row is evicted: without pending operations, without a conflict, not pinned, not spared by the caller.

use crate::error::Result;
use crate::store::Tx;
use crate::store::db::thoroughly;
use crate::store::doc_id::StoredId;
use rusqlite::params;
use std::collections::{HashMap, HashSet};

/// How much content a collection may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub documents: Option<u64>,
    pub bytes: Option<u64>,
}

/// What a collection keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    documents: u64,
    bytes: u64,
}

impl Limits {
    fn exceeded_by(&self, kept: Kept) -> bool {
        self.documents.is_some_and(|most| kept.documents > most) || self.bytes.is_some_and(|most| kept.bytes > most)
    }
}

/// Takes the content of documents away until the rest is within the limits, or nothing is left that may go: first those that were used or
/// changed longest ago. `spared`: rows that stay. Returns how many.
pub(crate) fn evict(tx: &Tx<'_>, collection: i64, limits: Limits, spared: &HashSet<i64>) -> Result<u64> {
    let mut kept = kept(tx, collection)?;
    if !limits.exceeded_by(kept) {
        return Ok(0);
    }
    forget_uses_of_what_is_gone(tx, collection)?;
    let mut gone = Vec::new();
    let sql = format!(
        "SELECT d.row, octet_length(d.body) FROM documents d
         LEFT JOIN uses u ON u.collection = d.collection AND u.doc_id = d.id
         WHERE d.collection = {collection} AND d.hidden = 0 AND d.pending = 0 AND d.body IS NOT NULL AND d.seq IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM pins p WHERE p.collection = d.collection AND p.doc_id = d.id)
             AND NOT EXISTS (SELECT 1 FROM conflicts c WHERE c.collection = d.collection AND c.doc_id = d.id)
         ORDER BY max(coalesce(u.used_at, 0), coalesce(d.updated_at, 0)), d.seq"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(found) = rows.next()?
        && limits.exceeded_by(kept)
    {
        let (row, bytes): (i64, i64) = (found.get(0)?, found.get(1)?);
        if spared.contains(&row) {
            continue;
        }
        gone.push(row);
        kept.documents -= 1;
        kept.bytes -= bytes.cast_unsigned();
    }
    let mut forget = tx.prepare_cached(
        "DELETE FROM uses WHERE (collection, doc_id) = (SELECT collection, id FROM documents WHERE row = ?1)",
    )?;
    let mut clear = tx.prepare_cached("UPDATE documents SET body = NULL, hidden = 1, evicted = 1 WHERE row = ?1")?;
    thoroughly(tx, || {
        for row in &gone {
            forget.execute([row])?;
            clear.execute([row])?;
            tx.changed(collection, *row);
        }
        Ok(gone.len() as u64)
    })
}

fn kept(tx: &Tx<'_>, collection: i64) -> Result<Kept> {
    let sql = format!(
        "SELECT count(*), coalesce(sum(octet_length(body)), 0) FROM documents WHERE collection = {collection} AND hidden = 0"
    );
    let (documents, bytes): (i64, i64) =
        tx.prepare_cached(&sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Kept { documents: documents.cast_unsigned(), bytes: bytes.cast_unsigned() })
}

/// Forgets when documents were used that are not here any more: eviction compares only those that are.
fn forget_uses_of_what_is_gone(tx: &Tx<'_>, collection: i64) -> Result<()> {
    let sql = format!("DELETE FROM uses WHERE collection = {collection} AND NOT {}", there(collection, "uses.doc_id"));
    tx.prepare_cached(&sql)?.execute([])?;
    Ok(())
}

/// The document is here, or was evicted.
fn there(collection: i64, id: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM documents d WHERE d.collection = {collection} AND d.id = {id} AND (d.hidden = 0 OR d.evicted = 1))"
    )
}

/// Writes down when documents were used, server time as known here.
pub(crate) fn note_uses(tx: &Tx<'_>, collection: i64, uses: &HashMap<String, i64>) -> Result<()> {
    let sql = format!("INSERT OR REPLACE INTO uses SELECT ?1, ?2, ?3 WHERE {}", there(collection, "?2"));
    let mut statement = tx.prepare_cached(&sql)?;
    for (id, used_at) in uses {
        statement.execute(params![collection, StoredId(id), used_at])?;
    }
    Ok(())
}

//! Deleting everything that belongs to an account.
//!
//! Invariants:
//! - What belongs to the device stays: its id, the store's id, the collections with their indexes, and every
//!   number that counts on (operations, generations of streams), so that nothing of an earlier epoch is taken
//!   for something of a later one.
//! - What is deleted is overwritten in the files before the wipe is reported as done (see
//!   [`scrub`](crate::store::db)).
//! - A caller that waits for a write that is deleted here is told that it was discarded.

use super::meta::{self, Key};
use crate::error::Result;
use crate::model::WriteOutcome;
use crate::store::db::request_scrub;
use crate::store::{Tx, documents, frames, operations, outcomes};
use rusqlite::Connection;

/// Deletes all documents, operations, conflicts and the journal.
pub(crate) fn wipe(tx: &Tx<'_>) -> Result<()> {
    operations::keep_last_number(tx)?;
    let queued = operations::all(tx, u32::MAX)?;
    tx.execute_batch(
        "DELETE FROM outcomes; DELETE FROM conflicts; DELETE FROM journal; DELETE FROM uses; DELETE FROM pins;
         DELETE FROM operations; DELETE FROM dependencies; DELETE FROM awaited; DELETE FROM server_ids; DELETE FROM unreadable;
         DELETE FROM waiting_states;
         DELETE FROM meta WHERE key IN ('user_id', 'last_sync_ms');
         UPDATE streams SET space = NULL, cursor = NULL, generation = generation + 1, loading = 1, live_count = 0, digest = 0,
                            repaired_at = NULL, read_at = NULL;",
    )?;
    documents::remove_all(tx)?;
    for id in queued.iter().flat_map(|op| std::iter::once(&op.op_id).chain(&op.absorbed)) {
        outcomes::record(tx, *id, &WriteOutcome::Discarded)?;
        tx.settled(*id, WriteOutcome::Discarded);
    }
    frames::remove_all(tx)?;
    meta::set(tx, Key::Wipes, &(count(tx)? + 1).to_string())?;
    tx.remembered().wipes.set(None);
    request_scrub(tx)
}

/// How many wipes there were.
pub(crate) fn count(connection: &Connection) -> Result<i64> {
    Ok(meta::get_number(connection, Key::Wipes)?.unwrap_or(0))
}

/// [`count`], read once for as long as no other process commits.
pub(crate) fn remembered(tx: &Tx<'_>) -> Result<i64> {
    let known = &tx.remembered().wipes;
    if known.get().is_none() {
        known.set(Some(count(tx)?));
    }
    Ok(known.get().unwrap_or(0))
}

//! Overwriting what was deleted, in the files and not only in the tables.
//!
//! Invariants:
//! - After a wipe has been reported as done, no file of the store has a byte of what was wiped: the database
//!   is written anew (`VACUUM`), its file is cut to that, and the log is cut to nothing.
//! - A process that dies in between leaves a mark, which the wipe has committed with its deletions: the next
//!   one to open the store goes on.
//! - Every deletion overwrites its place on the page with zeros as long as that costs no further page
//!   (`secure_delete = FAST`); an eviction overwrites whole pages, too ([`thoroughly`]).

use super::transaction::Tx;
use crate::error::{Error, ErrorCode, Result};
use rusqlite::{Connection, OptionalExtension};

const IS_DUE: &str = "SELECT 1 FROM meta WHERE key = 'scrub_due'";

/// Marks the store: what this transaction deletes shall not be found in its files. Done after the commit,
/// before the write is answered.
pub(crate) fn request_scrub(tx: &Tx<'_>) -> Result<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO meta VALUES ('scrub_due', '1')")?.execute([])?;
    tx.scrub();
    Ok(())
}

/// Whether an earlier process was to overwrite something and did not come to it.
pub(super) fn is_due(connection: &Connection) -> Result<bool> {
    Ok(connection.prepare_cached(IS_DUE)?.query_row([], |_| Ok(())).optional()?.is_some())
}

/// Writes the database anew and cuts its files. Blocks for as long as that takes: after a wipe a few
/// milliseconds, and while a reader has the log, up to the connection's patience.
///
/// # Errors
/// `STORAGE_UNAVAILABLE` if a reader keeps the log, `STORAGE_FULL`. The mark stays then.
pub(super) fn scrub(connection: &Connection) -> Result<()> {
    connection.execute_batch("VACUUM")?;
    cut_log(connection)?;
    connection.prepare_cached("DELETE FROM meta WHERE key = 'scrub_due'")?.execute([])?;
    Ok(())
}

fn cut_log(connection: &Connection) -> Result<()> {
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy != 0 {
        let message = "a reader keeps the log, which cannot be cut yet".to_owned();
        return Err(Error::Storage { code: ErrorCode::StorageUnavailable, message });
    }
    Ok(())
}

/// Runs `work` so that every page that it frees is overwritten with zeros.
pub(crate) fn thoroughly<T>(tx: &Tx<'_>, work: impl FnOnce() -> Result<T>) -> Result<T> {
    set(tx, "ON")?;
    let result = work();
    set(tx, "FAST")?;
    result
}

/// How a writer deletes by default.
pub(super) fn set(connection: &Connection, mode: &str) -> Result<()> {
    connection.query_row(&format!("PRAGMA secure_delete = {mode}"), [], |_| Ok(()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::documents::{self, DocumentRow};
    use crate::store::{Durability, Location, Store, collections, eviction, wipes};
    use std::collections::HashSet;
    use std::path::Path;
    use std::sync::Arc;

    const CANARY: &str = "canary-5b1f";

    fn open(directory: &Path) -> Store {
        Store::open(Location::Directory(directory.to_owned()), Durability::Full, 100_000, Arc::new(|_| {})).unwrap()
    }

    /// Documents of `bytes` each, and an earlier version of each.
    fn fill(store: &Store, bytes: usize) -> i64 {
        store
            .write_blocking(move |tx| {
                let collection = collections::ensure(tx, "tasks")?;
                for n in 0..60 {
                    let body = format!("{{\"t\":\"{CANARY} {n} {}\"}}", "x".repeat(bytes));
                    let mut row =
                        DocumentRow { seq: Some(n), body: Some(body), ..DocumentRow::new(collection, n.to_string()) };
                    documents::insert(tx, &mut row)?;
                }
                Ok(collection)
            })
            .unwrap()
    }

    fn found(directory: &Path) -> bool {
        std::fs::read_dir(directory).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
        })
    }

    #[test]
    fn core_p4_wiped_text_is_in_no_file_once_the_wipe_is_answered() {
        for bytes in [10, 9_000] {
            let directory = tempfile::tempdir().unwrap();
            let store = open(directory.path());
            fill(&store, bytes);
            assert!(found(directory.path()));
            store.write_blocking(wipes::wipe).unwrap();
            // Not closed: what a process leaves that is killed now.
            assert!(!found(directory.path()), "{bytes}");
            fill(&store, 10);
        }
    }

    #[test]
    fn core_p4_a_wipe_that_was_cut_is_finished_at_the_next_opening() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        fill(&store, 9_000);
        // The deletions are committed, and the process dies before it has overwritten anything.
        store
            .write_blocking(|tx| {
                documents::remove_all(tx)?;
                Ok(tx.execute_batch("INSERT INTO meta VALUES ('scrub_due', '1')")?)
            })
            .unwrap();
        store.close();
        assert!(found(directory.path()));
        let store = open(directory.path());
        assert!(!found(directory.path()));
        assert!(!store.read(is_due).unwrap());
    }

    #[test]
    fn core_p4_evicted_text_is_overwritten() {
        for bytes in [10, 500, 9_000] {
            let directory = tempfile::tempdir().unwrap();
            let store = open(directory.path());
            let collection = fill(&store, bytes);
            let limits = eviction::Limits { documents: Some(0), bytes: None };
            let gone =
                store.write_blocking(move |tx| eviction::evict(tx, collection, limits, &HashSet::new())).unwrap();
            assert_eq!(gone, 60);
            store.close();
            assert!(!found(directory.path()), "{bytes}");
        }
    }
}

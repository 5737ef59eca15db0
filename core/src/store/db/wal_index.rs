//! What the log's index says of the newest commit, whichever process made it, read without a lock or a call of the system.
//!
//! SQLite keeps the index of its log in memory that all processes with the database open share (<https://sqlite.org/walformat.html>). It begins
//! with a header that every commit changes, and a snapshot is out of date if and only if the header is not what it was when the snapshot was
//! taken: SQLite decides by that, too, when a transaction begins.
//!
//! Invariants:
//! - A header is read through the connection that has it mapped, so the memory outlives the reading: SQLite lets go of it when the connection is
//!   closed, and a connection of ours never leaves WAL mode.
//! - A header that is read after a commit of any process was seen to end is never older than that commit.

#![allow(unsafe_code)] // SQLite hands out the memory through its interface for file systems, which is C.

use rusqlite::{Connection, ffi};
use std::ffi::{c_int, c_void};
use std::ops::Deref;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};

/// The header's length in numbers of 32 bits.
const WORDS: usize = 12;
/// Its first number: the only layout that there has ever been.
const VERSION: u32 = 3_007_000;
/// The place of the count of commits in it.
const COMMITS: usize = 2;
/// How much of the index SQLite maps at once.
const REGION: c_int = 32_768;

/// The header at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Mark([u32; WORDS]);

impl Mark {
    /// SQLite's count of the commits of all processes, which begins anew now and then: it goes up by one with each commit.
    pub fn commits(self) -> u32 {
        self.0[COMMITS]
    }

    #[cfg(test)]
    pub fn test(commits: u32) -> Self {
        Self(std::array::from_fn(|at| if at == COMMITS { commits } else { 0 }))
    }
}

/// A connection and, if it has one, the index of its log.
pub(in crate::store) struct IndexedConnection {
    connection: Connection,
    header: Option<NonNull<AtomicU32>>,
}

// SAFETY: a connection may be moved to another thread, and the memory may be read from any.
unsafe impl Send for IndexedConnection {}

impl IndexedConnection {
    /// Looks for the index. A database in memory has none.
    pub fn new(connection: Connection) -> Self {
        let header = find_header(&connection);
        Self { connection, header }
    }

    /// What the index says now; `None` if there is none that this build knows.
    pub fn mark(&self) -> Option<Mark> {
        let header = self.header?.as_ptr();
        // SAFETY: twelve aligned numbers, mapped for as long as the connection is open, which `self` owns.
        let words = std::array::from_fn(|at| unsafe { (*header.add(at)).load(Ordering::Acquire) });
        (words[0] == VERSION).then_some(Mark(words))
    }
}

impl Deref for IndexedConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

fn find_header(connection: &Connection) -> Option<NonNull<AtomicU32>> {
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).ok()?;
    // The first read opens the index.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).ok()?;
    if mode != "wal" {
        return None;
    }
    let mut file: *mut ffi::sqlite3_file = null_mut();
    let mut memory: *mut c_void = null_mut();
    // SAFETY: as documented for SQLITE_FCNTL_FILE_POINTER and for xShmMap. The region is the first one, of the size that SQLite gives all of
    // them, and is not made if it is not there. The connection is used by this thread alone.
    unsafe {
        let found = ffi::sqlite3_file_control(
            connection.handle(),
            c"main".as_ptr(),
            ffi::SQLITE_FCNTL_FILE_POINTER,
            (&raw mut file).cast(),
        );
        let methods = file.as_ref()?.pMethods.as_ref()?;
        if found != ffi::SQLITE_OK || methods.iVersion < 2 {
            return None;
        }
        if methods.xShmMap?(file, 0, REGION, 0, &raw mut memory) != ffi::SQLITE_OK {
            return None;
        }
    }
    NonNull::new(memory.cast())
}

#[cfg(test)]
mod tests {
    use super::super::connection::{self, Durability, Location, Role};
    use super::*;

    #[test]
    fn the_mark_changes_with_each_commit_and_with_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::Directory(directory.path().to_owned());
        let writer = connection::open(&location, Role::Writer(Durability::Full)).unwrap();
        let reader = IndexedConnection::new(connection::open(&location, Role::Reader).unwrap());
        let mut last = reader.mark().unwrap();
        let put = "INSERT OR REPLACE INTO meta VALUES (1, ?1)";
        for n in 0..50 {
            writer.execute_batch("BEGIN IMMEDIATE").unwrap();
            writer.execute(put, [n]).unwrap();
            assert_eq!(reader.mark(), Some(last), "not committed yet");
            writer.execute_batch(if n % 5 == 0 { "ROLLBACK" } else { "COMMIT" }).unwrap();
            let now = reader.mark().unwrap();
            if n % 5 == 0 {
                assert_eq!(now, last);
            } else {
                assert_ne!(now, last);
                assert_eq!(now.commits(), last.commits() + 1);
            }
            last = now;
            if n % 7 == 0 {
                writer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
                writer.query_row("SELECT count(*) FROM meta", [], |_| Ok(())).unwrap();
                assert_eq!(reader.mark(), Some(last), "a checkpoint is no commit");
            }
        }
    }

    #[test]
    fn a_database_in_memory_has_no_mark() {
        let connection = connection::open(&Location::Memory, Role::Writer(Durability::Full)).unwrap();
        assert_eq!(IndexedConnection::new(connection).mark(), None);
    }
}

//! The local database: SQLite in WAL mode behind one writer and a few readers.
//!
//! Invariants:
//! - **One transaction.** A local change and its outbox entry commit together; so do a page from the server and its cursor.
//! - A write is acknowledged after its commit, which is durable ([`Durability::Full`]) unless the app named the weaker mode.
//! - All writes go through one connection, so they have one order. Concurrent writes share a commit, and a failing one of them is rolled
//!   back alone.
//! - A read sees every commit that was over when it was called, whichever process made it. A reader keeps its snapshot between calls only while
//!   that holds, lets go of it when it is idle, and never pins the log.
//! - The observer is told before each commit which documents it changes, and after it what was committed, in the order of commits. So a
//!   snapshot never has a change that the observer was not told of, but for those of other processes. It only takes notes: it never calls the
//!   store or the host.
//! - A commit of another process is noticed by the next write of this one, or by [`Store::look_for_other_processes`].

#[cfg(test)]
mod contract_tests;
mod db;
pub(crate) mod doc_id;
pub(crate) mod epoch;
mod error;
#[cfg(test)]
mod file_tests;
mod observer;
#[cfg(test)]
mod read_tests;
mod rows;
mod tables;

pub use db::Durability;
pub(crate) use db::{ChangedRow, Committed, Location, SCHEMA_VERSION, Tx};
pub(crate) use epoch::EpochStore;
pub(crate) use observer::{Counters, Counts, Observer, StoreEvent};
pub(crate) use tables::{
    collections, conflicts, dependencies, documents, eviction, frames, journal, meta, operations, outcomes, pins,
    server_ids, streams, unreadable, waiting_states, wipes,
};

use crate::error::{Error, ErrorCode, Result};
use crate::model::Document;
use db::{Pool, ReadLane, ReadSide, Readers, Writer};
use rows::RowCache;
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The database of one client. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub(crate) struct Store {
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    counters: Arc<Counters>,
    rows: Arc<RowCache>,
    lane: ReadLane,
}

/// How long a read may go on after a suspension has begun. A system gives an app some seconds before it ends it.
const READ_GRACE: Duration = Duration::from_millis(500);

impl Store {
    /// Opens or makes the database, brings its schema up to date and starts the writer. `row_cache`: most bytes of documents that are kept in
    /// memory. Blocks for a few milliseconds.
    pub fn open(location: Location, durability: Durability, row_cache: usize, observer: Observer) -> Result<Self> {
        let counters = Arc::new(Counters::default());
        let pool = match location {
            Location::Memory | Location::SingleThread(_) => None,
            Location::Directory(_) => Some(Pool::new(location.clone())),
        };
        let rows = Arc::new(RowCache::new(row_cache));
        let read_side = ReadSide { pool: pool.clone(), rows: rows.clone() };
        let writer = Arc::new(Writer::start(location, durability, observer, counters.clone(), read_side)?);
        let readers = pool.map_or_else(|| Readers::Through(writer.clone()), Readers::Pool);
        Ok(Self { writer, readers: Arc::new(readers), counters, rows, lane: ReadLane::App })
    }

    /// The same store for the sync engine: its reads never wait for those of the app.
    pub fn for_engine(&self) -> Self {
        Self { lane: ReadLane::Engine, ..self.clone() }
    }

    /// Runs `job` in a transaction and returns its result after the commit. The job runs even if the caller stops waiting; an error or a
    /// panic in it rolls back all that it did.
    pub async fn write<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    {
        let (tell, told) = tokio::sync::oneshot::channel();
        self.writer.submit(job, move |result| drop(tell.send(result)));
        told.await.unwrap_or_else(|_| Err(Error::state(ErrorCode::Closed)))
    }

    /// The same on a thread that may block. Faster: if no other thread writes, the job runs on the calling thread.
    pub fn write_blocking<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    {
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        self.writer.submit_here(job, move |result| drop(tell.send(result)));
        told.recv().unwrap_or_else(|_| Err(Error::state(ErrorCode::Closed)))
    }

    /// Reads on the calling thread, in one transaction: all statements of `query` see the same state, which stands before `query` is called and
    /// has every commit that was over by then, of any process. Blocks for as long as the query takes, and while all readers are taken.
    pub fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.readers.with(self.lane, query)
    }

    /// Reads a document as a reader sees it; `None` if it is not there or deleted. One that was read lately comes from memory, as it is in
    /// the database now. Blocks as [`read`](Self::read) does.
    pub fn document(&self, collection: i64, id: &str) -> Result<Option<Document>> {
        let mark = if self.rows.is_off() { None } else { self.readers.mark() };
        if let Some(known) = mark.and_then(|mark| self.rows.get(mark, collection, id)) {
            return Ok(Some(known));
        }
        let Some((row, document)) = self.read(|connection| documents::get_row(connection, collection, id))? else {
            return Ok(None);
        };
        if let Some(mark) = mark
            && self.readers.mark() == Some(mark)
        {
            self.rows.offer(mark, collection, row, &document);
        }
        Ok(Some(document))
    }

    /// Whether other processes can have the store open.
    pub fn is_shared(&self) -> bool {
        matches!(*self.readers, Readers::Pool(_))
    }

    /// The number of the newest commit that is over. See [`StoreEvent::Committing`].
    pub fn decided(&self) -> u64 {
        self.counters.decided()
    }

    /// Tells the observer if another process has committed since this one last looked. Blocks for microseconds. While a write runs it does
    /// nothing, for a write looks by itself.
    pub fn look_for_other_processes(&self) {
        self.writer.look_for_other_processes();
    }

    /// Finishes what is queued, then closes every file, so that no lock is held while the app is suspended. Calls fail with `SUSPENDED`
    /// until [`resume`](Self::resume). Blocks until the running transaction and reads are done; a read that takes longer than half a second is
    /// interrupted and fails likewise.
    pub fn suspend(&self) {
        self.writer.suspend();
        self.readers.close(ErrorCode::Suspended, READ_GRACE);
    }

    /// Opens the files again.
    pub fn resume(&self) -> Result<()> {
        self.writer.resume()?;
        self.readers.reopen();
        Ok(())
    }

    /// Closes for good, after what is queued. Blocks as [`suspend`](Self::suspend) does.
    pub fn close(&self) {
        self.writer.close();
        self.readers.close(ErrorCode::Closed, READ_GRACE);
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            commits: read(&self.counters.commits),
            forced_writes: read(&self.counters.forced),
            writes: read(&self.counters.writes),
            wakeups: read(&self.counters.wakeups),
            statements: db::statements(),
            bytes_written: db::bytes_written(),
        }
    }
}

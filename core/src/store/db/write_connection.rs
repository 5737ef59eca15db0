//! The writing connection, and running jobs on it in groups.
//!
//! Invariants:
//! - A group is one transaction and at most one forced write. Each of its jobs is answered after the commit; if that fails, every one is told so.
//! - A job's error or panic takes back what that job did and nothing else. A panic of the observer or of a reply ends neither the thread that
//!   writes nor the other replies.

#[cfg(debug_assertions)]
use super::changelog;
use super::checkpoint::Checkpointer;
use super::connection::{self, Durability, Location, Role};
use super::job::Job;
use super::other_processes::OtherProcesses;
use super::read_side::ReadSide;
use super::remembered::Remembered;
use super::scrub;
use super::transaction::{ChangedRow, Committed, Tx};
use super::wal_index::{IndexedConnection, Mark};
use crate::error::{Error, ErrorCode, Result};
use crate::store::{Counters, Observer, StoreEvent};
use rusqlite::Connection;
use rusqlite::hooks::Wal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Most jobs that share a transaction: bounds how long the first of them waits.
const MAX_GROUP: usize = 1_000;

/// The one connection that writes. The thread that holds it is the writer.
pub(in crate::store) struct WriteConnection {
    connection: Option<IndexedConnection>,
    location: Location,
    durability: Durability,
    observer: Observer,
    counters: Arc<Counters>,
    checkpointer: Option<Checkpointer>,
    other_processes: OtherProcesses,
    remembered: Remembered,
    read_side: ReadSide,
    /// How many commits of this connection have written to the log.
    logged: Arc<AtomicU64>,
    /// What the log's index said right after the last transaction, if no other process had committed since that began. As long as it says the
    /// same, none has.
    alone: Option<Mark>,
}

impl WriteConnection {
    /// Opens the connection.
    pub fn new(
        location: Location,
        durability: Durability,
        observer: Observer,
        counters: Arc<Counters>,
        read_side: ReadSide,
    ) -> Result<Self> {
        let mut write_connection = Self {
            connection: None,
            location,
            durability,
            observer,
            counters,
            checkpointer: None,
            other_processes: OtherProcesses::default(),
            remembered: Remembered::default(),
            read_side,
            logged: Arc::default(),
            alone: None,
        };
        write_connection.open()?;
        Ok(write_connection)
    }

    /// The connection, if it is open.
    pub fn connection(&self) -> Option<&Connection> {
        self.connection.as_deref()
    }

    /// What the log's index says now; `None` if there is none, or the files are closed.
    pub fn mark(&self) -> Option<Mark> {
        self.connection.as_ref()?.mark()
    }

    /// Closes every file. A database in memory is closed for good only.
    pub fn close(&mut self, for_good: bool) {
        if for_good || self.location != Location::Memory {
            self.checkpointer = None;
            self.connection = None;
            self.other_processes = OtherProcesses::default();
            self.read_side.closed();
        }
    }

    /// Opens the files, if they are not open.
    pub fn open(&mut self) -> Result<()> {
        if self.connection.is_some() {
            return Ok(());
        }
        // Those belong to a connection that is gone.
        self.checkpointer = None;
        self.remembered.forget();
        self.alone = None;
        let mut connection = connection::open(&self.location, Role::Writer(self.durability))?;
        if scrub::is_due(&connection)? {
            finish_scrub(&connection);
        }
        #[cfg(debug_assertions)]
        changelog::install(&connection)?;
        if self.location.has_threads() {
            self.checkpointer = Some(Checkpointer::start(self.location.clone(), self.read_side.clone())?);
        }
        let (logged, tell) = (self.logged.clone(), self.checkpointer.as_ref().map(Checkpointer::committed));
        connection.wal_hook(Some(move |_: &mut Wal, frames: i32| {
            logged.fetch_add(1, Ordering::Relaxed);
            if let Some(tell) = &tell {
                tell(frames.max(0).cast_unsigned());
            }
            Ok(())
        }))?;
        let connection = IndexedConnection::new(connection);
        self.read_side.opened(connection.mark());
        self.connection = Some(connection);
        Ok(())
    }

    /// Runs the jobs that wait now, and those that come while it does, in one transaction.
    pub fn run_group(&mut self, mut next: impl FnMut() -> Option<Box<dyn Job>>) {
        let Some(first) = next() else { return };
        let mut done = vec![first];
        let outcome = self.transact(&mut done, next);
        let failure = match outcome {
            Ok(committed) => {
                self.counters.writes.fetch_add(done.len() as u64, Ordering::Relaxed);
                if let (true, Some(connection)) = (committed.scrub, &self.connection) {
                    let _no_snapshots = self.read_side.hold();
                    finish_scrub(connection);
                    self.alone = None;
                    self.read_side.opened(connection.mark());
                }
                self.tell(committed);
                None
            }
            Err(error) => Some(error),
        };
        for job in done {
            guarded("a reply to a write", || job.finish(failure.clone()));
        }
        if let Some(checkpointer) = &mut self.checkpointer {
            checkpointer.after_commit(self.connection.as_ref(), &self.counters);
        }
    }

    /// Tells the observer if another process has committed since this one last looked.
    pub fn look_for_other_processes(&mut self) {
        let Some(connection) = &self.connection else { return };
        match self.other_processes.look(connection) {
            Ok(moved) => {
                if moved {
                    self.remembered.forget();
                    self.read_side.other_process();
                }
                self.tell(Committed::default());
            }
            Err(error) => tracing::debug!(%error, "could not look for commits of other processes"),
        }
    }

    fn tell(&mut self, mut committed: Committed) {
        committed.other_process = self.other_processes.take();
        if !committed.is_empty() {
            guarded("the store's observer", || (self.observer)(StoreEvent::Committed(committed)));
        }
    }

    /// Begins a transaction: no other process can commit until it ends. Returns what the log's index says then.
    fn begin(&mut self) -> Result<Option<Mark>> {
        let Some(connection) = &self.connection else { return Err(Error::state(ErrorCode::Closed)) };
        connection.prepare_cached("BEGIN IMMEDIATE")?.raw_execute()?;
        let mark = connection.mark();
        self.read_side.begun(mark);
        if (mark.is_none() || mark != self.alone) && self.other_processes.look(connection)? {
            self.remembered.forget();
            self.read_side.other_process();
        }
        Ok(mark)
    }

    fn transact(
        &mut self,
        done: &mut Vec<Box<dyn Job>>,
        mut next: impl FnMut() -> Option<Box<dyn Job>>,
    ) -> Result<Committed> {
        self.open()?;
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.before_write();
        }
        let before = self.connection.as_ref().map(|connection| connection.total_changes());
        let logged = self.logged.load(Ordering::Relaxed);
        let began = self.begin();
        let Some(connection) = self.connection.as_ref() else {
            return Err(Error::state(ErrorCode::Closed));
        };
        let result = began.clone().and_then(|_| {
            run_jobs(connection, &self.remembered, done, &mut next, |rows| {
                let commit = self.counters.decided() + 1;
                guarded("the store's observer", || (self.observer)(StoreEvent::Committing(commit, rows)));
            })
        });
        let wrote = self.logged.load(Ordering::Relaxed) != logged;
        let (began, ended) = (began.unwrap_or_default(), connection.mark());
        self.read_side.ended(began, ended, wrote, result.as_ref().ok());
        let commits = |began: Mark| began.commits().wrapping_add(wrote.into());
        self.alone = ended.filter(|ended| began.is_some_and(|began| ended.commits() == commits(began)));
        self.counters.decide();
        match &result {
            Ok(_) => {
                self.counters.commits.fetch_add(1, Ordering::Relaxed);
                // A transaction that changed no row has written nothing.
                if self.durability == Durability::Full && Some(connection.total_changes()) != before {
                    self.counters.forced.fetch_add(1, Ordering::Relaxed);
                }
            }
            Err(_) => {
                self.remembered.transaction_failed();
                let rolled_back = connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
                // After an I/O failure nothing that this connection believes can be trusted.
                if !rolled_back || matches!(result, Err(Error::Storage { code: ErrorCode::StorageUnavailable, .. })) {
                    self.connection = None;
                    self.other_processes.lose();
                }
            }
        }
        result
    }
}

/// Overwrites what was deleted. If that cannot be done now, the next opening of the files tries again: what was asked for is committed.
fn finish_scrub(connection: &Connection) {
    if let Err(error) = scrub::scrub(connection) {
        tracing::warn!(%error, "deleted data is not overwritten yet");
    }
}

/// Does what must not take the writing thread with it if it panics.
fn guarded(what: &str, work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        tracing::error!(what, "panicked");
    }
}

/// Runs jobs in the transaction that has begun, and ends it. `committing` is called with the changed documents just before the commit.
fn run_jobs(
    connection: &Connection,
    remembered: &Remembered,
    done: &mut Vec<Box<dyn Job>>,
    next: &mut impl FnMut() -> Option<Box<dyn Job>>,
    committing: impl FnOnce(&[ChangedRow]),
) -> Result<Committed> {
    let sql = |text| -> Result<()> { Ok(connection.prepare_cached(text)?.raw_execute().map(drop)?) };
    let mut committed = Committed::default();
    // The first job has the whole transaction to itself until others follow: a lone write pays for no savepoint.
    let tx = Tx::new(connection, remembered);
    if !done[0].run(&tx) {
        remembered.forget();
        if !connection.is_autocommit() {
            sql("ROLLBACK")?;
        }
        return Ok(committed);
    }
    committed.join(tx.into_notes());
    while done.len() < MAX_GROUP
        && let Some(mut job) = next()
    {
        sql("SAVEPOINT job")?;
        let tx = Tx::new(connection, remembered);
        let kept = job.run(&tx);
        done.push(job);
        if !kept {
            remembered.forget();
        }
        if kept {
            committed.join(tx.into_notes());
        } else if connection.is_autocommit() {
            // A full disk makes SQLite take back the whole transaction, not only the statement.
            let message = "the transaction was taken back because another write in it met a storage failure".to_owned();
            return Err(Error::Storage { code: ErrorCode::StorageUnavailable, message });
        } else {
            sql("ROLLBACK TO job")?;
        }
        sql("RELEASE job")?;
    }
    committed.rows.sort_unstable();
    committed.rows.dedup();
    #[cfg(debug_assertions)]
    changelog::check(connection, &committed.rows)?;
    if !committed.rows.is_empty() {
        committing(&committed.rows);
    }
    sql("COMMIT")?;
    Ok(committed)
}

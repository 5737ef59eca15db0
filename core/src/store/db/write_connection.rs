//! The writer's place: the connection, and running jobs in groups.
//!
//! Invariants:
//! - A group is one transaction and at most one forced write. Each of its jobs is answered after the commit; if that fails, every one is told so.
//! - A job's error or panic takes back what that job did and nothing else.

use super::changelog;
use super::checkpoint::Checkpointer;
use super::connection::{self, Durability, Location, Role};
use super::job::Job;
use super::transaction::{Committed, Tx};
use crate::error::{Error, ErrorCode, Result};
use crate::store::{Counters, Observer};
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Most jobs that share a transaction: bounds how long the first of them waits.
const MAX_GROUP: usize = 1_000;

/// Whoever holds it writes.
pub(in crate::store) struct WriteConnection {
    connection: Option<Connection>,
    location: Location,
    durability: Durability,
    observer: Observer,
    counters: Arc<Counters>,
    checkpointer: Option<Checkpointer>,
}

impl WriteConnection {
    /// A seat with an open connection.
    pub fn new(
        location: Location,
        durability: Durability,
        observer: Observer,
        counters: Arc<Counters>,
    ) -> Result<Self> {
        let mut seat = Self { connection: None, location, durability, observer, counters, checkpointer: None };
        seat.open()?;
        Ok(seat)
    }

    /// The connection, if it is open.
    pub fn connection(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }

    /// Closes every file. A database in memory is closed for good only.
    pub fn close(&mut self, for_good: bool) {
        if for_good || self.location != Location::Memory {
            self.checkpointer = None;
            self.connection = None;
        }
    }

    /// Opens the files, if they are not open.
    pub fn open(&mut self) -> Result<()> {
        if self.connection.is_some() {
            return Ok(());
        }
        let connection = connection::open(&self.location, Role::Writer(self.durability))?;
        changelog::install(&connection)?;
        self.connection = Some(connection);
        if self.location.has_threads()
            && let Some(file) = self.location.file()
        {
            self.checkpointer = Some(Checkpointer::start(self.location.clone(), &file)?);
        }
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
                if !committed.is_empty() {
                    (self.observer)(committed);
                }
                None
            }
            Err(error) => Some(error),
        };
        for job in done {
            job.finish(failure.clone());
        }
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.after_commit(self.connection.as_ref());
        }
    }

    fn transact(
        &mut self,
        done: &mut Vec<Box<dyn Job>>,
        mut next: impl FnMut() -> Option<Box<dyn Job>>,
    ) -> Result<Committed> {
        self.open()?;
        let Some(connection) = self.connection.as_ref() else {
            return Err(Error::state(ErrorCode::Closed));
        };
        let before = connection.total_changes();
        let result = run_jobs(connection, done, &mut next);
        match &result {
            Ok(_) => {
                self.counters.commits.fetch_add(1, Ordering::Relaxed);
                // A transaction that changed no row has written nothing.
                if self.durability == Durability::Full && connection.total_changes() != before {
                    self.counters.forced.fetch_add(1, Ordering::Relaxed);
                }
            }
            Err(_) => {
                let rolled_back = connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
                // After an I/O failure nothing that this connection believes can be trusted.
                if !rolled_back || matches!(result, Err(Error::Storage { code: ErrorCode::StorageUnavailable, .. })) {
                    self.connection = None;
                }
            }
        }
        result
    }
}

fn run_jobs(
    connection: &Connection,
    done: &mut Vec<Box<dyn Job>>,
    next: &mut impl FnMut() -> Option<Box<dyn Job>>,
) -> Result<Committed> {
    let sql = |text| -> Result<()> { Ok(connection.prepare_cached(text)?.raw_execute().map(drop)?) };
    let mut committed = Committed::default();
    sql("BEGIN IMMEDIATE")?;
    // The first job has the whole transaction to itself until others follow: a lone write pays for no savepoint.
    let tx = Tx::new(connection);
    if !done[0].run(&tx) {
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
        let tx = Tx::new(connection);
        let kept = job.run(&tx);
        done.push(job);
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
    committed.rows = changelog::take(connection)?;
    sql("COMMIT")?;
    Ok(committed)
}

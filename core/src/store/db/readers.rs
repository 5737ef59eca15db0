//! Reading connections.
//!
//! Invariants:
//! - A query runs in a transaction: all that it reads is of one moment, and no cursor outlives it. It sees every commit that was over when it
//!   was called, of any process.
//! - The engine has connections of its own: however many long queries an app runs, none of them makes the engine wait.
//! - After [`close`](Readers::close) has returned no reader holds a file. A read that runs longer than the grace is interrupted.

use super::pool::{Pool, ReadLane};
use super::reader;
use super::wal_index::Mark;
use super::writer::Writer;
use crate::error::{ErrorCode, Result};
use rusqlite::Connection;
use std::sync::Arc;
use std::time::Duration;

pub(in crate::store) enum Readers {
    /// A database without threads has one connection.
    Through(Arc<Writer>),
    Pool(Arc<Pool>),
}

impl Readers {
    /// Runs a query in a transaction. Its snapshot stands before `query` is called.
    pub fn with<T>(&self, lane: ReadLane, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        match self {
            Self::Through(writer) => writer.lend(|connection| {
                let transaction = connection.unchecked_transaction()?;
                reader::take_snapshot(&transaction)?;
                let result = query(&transaction)?;
                transaction.commit()?;
                Ok(result)
            }),
            Self::Pool(pool) => pool.with(lane, query),
        }
    }

    /// What the log's index says now; `None` if no idle connection can tell, or the store is shut.
    pub fn mark(&self) -> Option<Mark> {
        match self {
            Self::Through(writer) => writer.mark(),
            Self::Pool(pool) => pool.mark(),
        }
    }

    /// Closes the connections; calls fail with `code` from now on. Waits for those in use, and interrupts after `grace` those that still run:
    /// they fail with `code` too.
    pub fn close(&self, code: ErrorCode, grace: Duration) {
        if let Self::Pool(pool) = self {
            pool.close(code, grace);
        }
    }

    pub fn reopen(&self) {
        if let Self::Pool(pool) = self {
            pool.reopen();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::connection::{self, Location, Role};
    use super::*;
    use crate::error::ErrorCode;
    use std::sync::mpsc::channel;

    const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

    fn readers(directory: &std::path::Path) -> Readers {
        let location = Location::Directory(directory.to_owned());
        drop(connection::open(&location, Role::Writer(connection::Durability::Full)).unwrap());
        Readers::Pool(Pool::new(location))
    }

    #[test]
    fn core_suspected_3_closing_interrupts_a_read_that_does_not_end() {
        let directory = tempfile::tempdir().unwrap();
        let readers = readers(directory.path());
        let (started, starts) = channel();
        std::thread::scope(|scope| {
            let endless = scope.spawn(|| {
                readers.with(ReadLane::App, |connection| {
                    started.send(()).unwrap();
                    // Interrupted, it tries another one.
                    drop(connection.query_row(ENDLESS, [], |row| row.get::<_, i64>(0)));
                    Ok(connection.query_row(ENDLESS, [], |row| row.get::<_, i64>(0))?)
                })
            });
            starts.recv().unwrap();
            readers.close(ErrorCode::Suspended, Duration::ZERO);
            assert_eq!(endless.join().unwrap().unwrap_err().code(), ErrorCode::Suspended);
        });
        readers.reopen();
        assert_eq!(readers.with(ReadLane::App, |c| Ok(c.query_row("SELECT 1", [], |row| row.get(0))?)), Ok(1));
    }

    #[test]
    fn core_suspected_4_app_reads_leave_a_connection_to_the_engine() {
        let directory = tempfile::tempdir().unwrap();
        let readers = readers(directory.path());
        let (started, starts) = channel();
        std::thread::scope(|scope| {
            for _ in 0..ReadLane::App.most() {
                let (readers, started) = (&readers, started.clone());
                scope.spawn(move || {
                    drop(readers.with(ReadLane::App, |connection| {
                        started.send(()).unwrap();
                        Ok(connection.query_row(ENDLESS, [], |row| row.get::<_, i64>(0))?)
                    }));
                });
            }
            (0..ReadLane::App.most()).for_each(|_| starts.recv().unwrap());
            assert_eq!(readers.with(ReadLane::Engine, |c| Ok(c.query_row("SELECT 1", [], |row| row.get(0))?)), Ok(1));
            readers.close(ErrorCode::Closed, Duration::ZERO);
        });
    }
}

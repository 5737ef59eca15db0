//! Reading connections.
//!
//! Invariants:
//! - A call has a connection to itself and gives it back at its end; no cursor outlives the call.
//! - The engine has connections of its own: however many long queries an app runs, none of them makes the engine wait.
//! - After [`close`](Readers::close) has returned no reader holds a file. A read that runs longer than the grace is interrupted.

use super::connection::{self, Location, Role};
use super::writer::Writer;
use crate::error::{Error, ErrorCode, Result};
use rusqlite::{Connection, InterruptHandle};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// On whose behalf a read runs; each has connections of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum ReadLane {
    /// The app and its live queries.
    App,
    /// The sync engine.
    Engine,
}

impl ReadLane {
    /// Most connections that read at once. A screen reads one or two things at a time, the engine one or two.
    const fn most(self) -> usize {
        match self {
            Self::App => 4,
            Self::Engine => 2,
        }
    }
}

/// How often running reads are interrupted after the grace: a read may begin another statement.
const INTERRUPT_EVERY: Duration = Duration::from_millis(5);

pub(in crate::store) enum Readers {
    /// A database in memory has one connection.
    Through(Arc<Writer>),
    Pool(Pool),
}

pub(in crate::store) struct Pool {
    location: Location,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    /// Connections that no call has, of either lane.
    idle: Vec<Connection>,
    app: usize,
    engine: usize,
    /// How to interrupt the reads that run, by the number of the call.
    running: BTreeMap<u64, InterruptHandle>,
    calls: u64,
    shut: Option<ErrorCode>,
}

impl State {
    fn taken(&mut self, lane: ReadLane) -> &mut usize {
        match lane {
            ReadLane::App => &mut self.app,
            ReadLane::Engine => &mut self.engine,
        }
    }
}

impl Readers {
    pub fn through(writer: Arc<Writer>) -> Self {
        Self::Through(writer)
    }

    pub fn pool(location: Location) -> Self {
        Self::Pool(Pool { location, state: Mutex::default(), returned: Condvar::new() })
    }

    pub fn with<T>(&self, lane: ReadLane, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        match self {
            Self::Through(writer) => writer.lend(query),
            Self::Pool(pool) => {
                let reader = pool.take(lane)?;
                let connection =
                    reader.connection.as_ref().ok_or_else(|| Error::internal("a reader without a connection"))?;
                query(connection).map_err(|error| match error.code() {
                    // It was interrupted.
                    ErrorCode::Suspended => pool.locked().shut.map_or(error, Error::state),
                    _ => error,
                })
            }
        }
    }

    /// Closes the connections; calls fail with `code` from now on. Waits for those in use, and interrupts after `grace` those that still run:
    /// they fail with `code` too.
    pub fn close(&self, code: ErrorCode, grace: Duration) {
        let Self::Pool(pool) = self else { return };
        let mut state = pool.locked();
        if state.shut != Some(ErrorCode::Closed) {
            state.shut = Some(code);
        }
        let mut wait = grace;
        while state.app + state.engine > 0 {
            let (woken, timeout) = pool.returned.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() || wait != grace {
                wait = INTERRUPT_EVERY;
                state.running.values().for_each(InterruptHandle::interrupt);
            }
        }
        state.idle.clear();
    }

    pub fn reopen(&self) {
        if let Self::Pool(pool) = self {
            pool.locked().shut = None;
        }
    }
}

impl Pool {
    fn take(&self, lane: ReadLane) -> Result<Taken<'_>> {
        let mut state = self.locked();
        loop {
            if let Some(code) = state.shut {
                return Err(Error::state(code));
            }
            if *state.taken(lane) < lane.most() {
                *state.taken(lane) += 1;
                state.calls += 1;
                let (call, idle) = (state.calls, state.idle.pop());
                drop(state);
                // From here on the place is given back even if the file cannot be opened.
                let mut taken = Taken { pool: self, lane, call, connection: idle };
                let connection = match taken.connection.take() {
                    Some(connection) => connection,
                    None => connection::open(&self.location, Role::Reader)?,
                };
                self.locked().running.insert(call, connection.get_interrupt_handle());
                taken.connection = Some(connection);
                return Ok(taken);
            }
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Taken<'a> {
    pool: &'a Pool,
    lane: ReadLane,
    call: u64,
    connection: Option<Connection>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.locked();
        *state.taken(self.lane) -= 1;
        state.running.remove(&self.call);
        state.idle.extend(self.connection.take());
        // One waits for a place, or one waits for all places.
        self.pool.returned.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

    fn readers(directory: &std::path::Path) -> Readers {
        let location = Location::Directory(directory.to_owned());
        drop(connection::open(&location, Role::Writer(connection::Durability::Full)).unwrap());
        Readers::pool(location)
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

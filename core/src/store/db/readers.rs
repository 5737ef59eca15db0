//! Reading connections.
//!
//! Invariants:
//! - A call has a connection to itself and gives it back at its end; no cursor outlives the call.
//! - After [`close`](Readers::close) has returned no reader holds a file.

use super::connection::{self, Location, Role};
use super::writer::Writer;
use crate::error::{Error, ErrorCode, Result};
use rusqlite::Connection;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Most connections that read at once: a screen reads one or two things at a time.
const MAX_READERS: usize = 4;

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

struct State {
    idle: Vec<Connection>,
    taken: usize,
    shut: Option<ErrorCode>,
}

impl Readers {
    pub fn through(writer: Arc<Writer>) -> Self {
        Self::Through(writer)
    }

    pub fn pool(location: Location) -> Self {
        let state = State { idle: Vec::new(), taken: 0, shut: None };
        Self::Pool(Pool { location, state: Mutex::new(state), returned: Condvar::new() })
    }

    pub fn with<T>(&self, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        match self {
            Self::Through(writer) => writer.lend(query),
            Self::Pool(pool) => {
                let reader = pool.take()?;
                reader.connection.as_ref().map_or_else(|| Err(Error::internal("a reader without a connection")), query)
            }
        }
    }

    /// Closes the connections, waiting for those in use; calls fail with `code` from now on.
    pub fn close(&self, code: ErrorCode) {
        let Self::Pool(pool) = self else { return };
        let mut state = pool.locked();
        if state.shut != Some(ErrorCode::Closed) {
            state.shut = Some(code);
        }
        while state.taken > 0 {
            state = pool.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
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
    fn take(&self) -> Result<Taken<'_>> {
        let mut state = self.locked();
        loop {
            if let Some(code) = state.shut {
                return Err(Error::state(code));
            }
            let idle = state.idle.pop();
            if idle.is_some() || state.taken < MAX_READERS {
                state.taken += 1;
                drop(state);
                // From here on the place is given back even if the file cannot be opened.
                let mut taken = Taken { pool: self, connection: idle };
                if taken.connection.is_none() {
                    taken.connection = Some(connection::open(&self.location, Role::Reader)?);
                }
                return Ok(taken);
            }
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Taken<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.locked();
        state.taken -= 1;
        state.idle.extend(self.connection.take());
        // One waits for a place, or one waits for all places.
        self.pool.returned.notify_all();
    }
}

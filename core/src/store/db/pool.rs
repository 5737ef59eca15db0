//! The readers that no call has, and who may have one.
//!
//! Invariants:
//! - A call has a reader to itself and gives it back at its end.
//! - An idle reader keeps its snapshot, so that the next call takes no lock of a file, until a commit of any process makes it stale. It lets go
//!   when it was idle for a while, before the log is folded or cut, and before the log can start anew.
//! - No snapshot is kept for [`PAUSE`] after a commit of another process, which may wait to fold the log, too.

use super::connection::Location;
use super::reader::Reader;
use super::sweeper::Sweeper;
use super::wal_index::Mark;
use crate::error::{Error, ErrorCode, Result};
use rusqlite::{Connection, InterruptHandle};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often running reads are interrupted after the grace: a read may begin another statement.
const INTERRUPT_EVERY: Duration = Duration::from_millis(5);
/// How long no snapshot is kept after a commit of another process was seen.
const PAUSE: Duration = Duration::from_secs(10);

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
    pub(super) const fn most(self) -> usize {
        match self {
            Self::App => 4,
            Self::Engine => 2,
        }
    }
}

pub(in crate::store) struct Pool {
    location: Location,
    state: Mutex<State>,
    returned: Condvar,
    known: KnownCommits,
}

#[derive(Default)]
struct State {
    /// Readers that no call has, of either lane.
    idle: Vec<Reader>,
    app: usize,
    engine: usize,
    /// How to interrupt the reads that run, by the number of the call.
    running: Vec<(u64, Arc<InterruptHandle>)>,
    calls: u64,
    /// How many threads wait for a connection to be returned.
    waiting: usize,
    shut: Option<ErrorCode>,
    /// How many want no snapshot kept.
    held: usize,
    /// No snapshot is kept before this moment.
    paused_until: Option<Instant>,
    sweeper: Option<Sweeper>,
    /// The sweeper is awake.
    sweeping: bool,
}

/// SQLite's numbers of the newest commits that this process has made or noticed.
#[derive(Default)]
struct KnownCommits {
    newest: AtomicU32,
    /// That of the own transaction that runs.
    running: AtomicU32,
}

impl State {
    fn taken(&mut self, lane: ReadLane) -> &mut usize {
        match lane {
            ReadLane::App => &mut self.app,
            ReadLane::Engine => &mut self.engine,
        }
    }

    fn may_keep(&mut self) -> bool {
        if self.paused_until.is_some_and(|until| Instant::now() >= until) {
            self.paused_until = None;
        }
        self.held == 0 && self.shut.is_none() && self.paused_until.is_none()
    }

    /// Makes idle readers let go of their snapshots.
    fn let_go(&mut self, mut which: impl FnMut(&mut Reader) -> bool) {
        self.idle.retain_mut(|reader| !which(reader) || reader.let_go());
    }
}

impl Pool {
    pub fn new(location: Location) -> Arc<Self> {
        Arc::new(Self { location, state: Mutex::default(), returned: Condvar::new(), known: KnownCommits::default() })
    }

    pub fn with<T>(self: &Arc<Self>, lane: ReadLane, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let mut taken = self.take(lane)?;
        let result = taken.read(query);
        taken.failed = result.is_err();
        result.map_err(|error| match error.code() {
            // It was interrupted.
            ErrorCode::Suspended => self.locked().shut.map_or(error, Error::state),
            _ => error,
        })
    }

    fn take(self: &Arc<Self>, lane: ReadLane) -> Result<Taken<'_>> {
        let mut state = self.locked();
        loop {
            if let Some(code) = state.shut {
                return Err(Error::state(code));
            }
            if *state.taken(lane) < lane.most() {
                *state.taken(lane) += 1;
                state.calls += 1;
                let (call, keeps, reader) = (state.calls, state.may_keep(), state.idle.pop());
                if let Some(reader) = &reader {
                    state.running.push((call, reader.interrupt()));
                }
                drop(state);
                // From here on the place is given back even if the file cannot be opened.
                let mut taken = Taken { pool: self, lane, call, keeps, failed: false, reader };
                if taken.reader.is_none() {
                    let reader = Reader::open(&self.location)?;
                    self.locked().running.push((call, reader.interrupt()));
                    taken.reader = Some(reader);
                }
                return Ok(taken);
            }
            state.waiting += 1;
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
    }

    pub fn mark(&self) -> Option<Mark> {
        self.locked().idle.last()?.mark()
    }

    pub fn reopen(&self) {
        self.locked().shut = None;
    }

    pub fn close(&self, code: ErrorCode, grace: Duration) {
        let mut state = self.locked();
        if state.shut != Some(ErrorCode::Closed) {
            state.shut = Some(code);
        }
        let mut wait = grace;
        while state.app + state.engine > 0 {
            state.waiting += 1;
            let (woken, timeout) = self.returned.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.waiting -= 1;
            if timeout.timed_out() || wait != grace {
                wait = INTERRUPT_EVERY;
                state.running.iter().for_each(|(_, running)| running.interrupt());
            }
        }
        state.idle.clear();
        (state.sweeper, state.sweeping) = (None, false);
    }

    /// The writer is in a transaction: the next commit is its own.
    pub fn begun(&self, commits: u32) {
        self.known.running.store(commits.wrapping_add(1), Ordering::Release);
    }

    /// The writer is in none: this is the newest commit that it knows.
    pub fn ended(&self, commits: u32) {
        self.known.newest.store(commits, Ordering::Release);
        self.known.running.store(commits, Ordering::Release);
    }

    fn knows(&self, mark: Mark) -> bool {
        let known = &self.known;
        [&known.newest, &known.running].into_iter().any(|commits| commits.load(Ordering::Acquire) == mark.commits())
    }

    /// Another process has committed: keeps no snapshot for a while.
    pub fn pause(&self) {
        let mut state = self.locked();
        state.paused_until = Some(Instant::now() + PAUSE);
        state.let_go(|_| true);
    }

    /// Makes idle readers let go of their snapshots.
    pub fn let_go(&self) {
        self.locked().let_go(|_| true);
    }

    /// Keeps no snapshot until the result is dropped.
    pub fn hold(self: &Arc<Self>) -> Hold {
        let mut state = self.locked();
        state.held += 1;
        state.let_go(|_| true);
        Hold(self.clone())
    }

    /// Lets go of snapshots that were not used since the last call. Returns whether any is kept still.
    fn sweep(&self) -> bool {
        let mut state = self.locked();
        state.let_go(|reader| !std::mem::take(&mut reader.used));
        state.sweeping = state.idle.iter().any(Reader::keeps_snapshot);
        state.sweeping
    }

    /// Wakes the sweeper, which is started if there is none. False: there cannot be one.
    fn watch(self: &Arc<Self>, state: &mut State) -> bool {
        if state.sweeping {
            return true;
        }
        if state.sweeper.is_none() {
            let pool = Arc::downgrade(self);
            let started = Sweeper::start(move || pool.upgrade().map(|pool| pool.sweep()));
            state.sweeper = started.inspect_err(|error| tracing::warn!(%error, "idle readers keep no snapshot")).ok();
        }
        state.sweeping = state.sweeper.as_ref().inspect(|sweeper| sweeper.wake()).is_some();
        state.sweeping
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While it is there, no idle reader keeps a snapshot.
pub(in crate::store) struct Hold(Arc<Pool>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.locked().held -= 1;
    }
}

struct Taken<'a> {
    pool: &'a Arc<Pool>,
    lane: ReadLane,
    call: u64,
    /// Whether the snapshot may be kept, as it was when the reader was taken.
    keeps: bool,
    failed: bool,
    reader: Option<Reader>,
}

impl Taken<'_> {
    fn read<T>(&mut self, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let reader = self.reader.as_mut().ok_or_else(|| Error::internal("a reader without a connection"))?;
        reader.used = true;
        self.keeps &= reader.mark().is_some();
        if let Some(mark) = reader.refresh()?
            && !self.pool.knows(mark)
        {
            self.keeps = false;
            self.pool.known.newest.store(mark.commits(), Ordering::Release);
            self.pool.pause();
        }
        query(reader.connection())
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let keeps = self.keeps && !self.failed && !std::thread::panicking();
        let reader = self.reader.take();
        let mut reader = if keeps { reader } else { reader.and_then(released) };
        let mut state = self.pool.locked();
        *state.taken(self.lane) -= 1;
        if let Some(at) = state.running.iter().position(|(call, _)| *call == self.call) {
            state.running.swap_remove(at);
        }
        if keeps && !(state.may_keep() && self.pool.watch(&mut state)) {
            reader = reader.and_then(released);
        }
        state.idle.extend(reader);
        // One waits for a place, or one waits for all places. Telling costs a call of the system, even if none waits.
        if state.waiting > 0 {
            self.pool.returned.notify_all();
        }
    }
}

/// The reader without its snapshot, if it is of any use.
fn released(mut reader: Reader) -> Option<Reader> {
    reader.let_go().then_some(reader)
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;

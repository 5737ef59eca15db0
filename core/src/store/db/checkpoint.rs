//! Folding the log back into the database, away from commits.
//!
//! Invariants:
//! - No commit pays for a checkpoint while the log is below [`HARD_LIMIT`] frames; above it one pays for what the thread has left, so that
//!   the log is bounded and a cold open after a crash stays short.
//! - A checkpoint never waits for readers or writers (`PASSIVE`). While a reader keeps the log from starting anew, attempts get rarer as the
//!   log grows; when the reader has gone, the log is folded within [`RETRY`], without another write.
//! - When the log has been folded to its end, SQLite may look again at how selective the declared indexes are, so that the planner does not
//!   guess between two of them. The writer does that, after the replies to a commit: a commit of another connection would pass for
//!   another process's.
//! - Idle readers of this process let go of their snapshots before the log is folded, and before the first commit after it was folded to its end:
//!   then it starts anew.
//! - The file of the log keeps its size up to a limit: cutting it and letting it grow again costs more than the checkpoint.

use super::connection::{self, Location, Role};
use super::read_side::ReadSide;
use super::wal_index::IndexedConnection;
use crate::error::Result;
use crate::store::Counters;
use rusqlite::Connection;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// So many frames that are not folded yet wake the thread. A frame is a page of 4 KiB.
const SOFT_LIMIT: u32 = 1_000;
/// So many frames a log may have. If another transaction like the last one would go beyond, the writer folds what the thread has left, so
/// that the log starts anew with the next commit.
const HARD_LIMIT: u32 = 2_000;
/// At this length, and each time that it has doubled, a warning is logged: some reader does not end. 64 MiB.
const ALARM: u32 = 16_384;
/// How long the thread waits before it tries again to fold what a reader has kept it from.
const RETRY: Duration = Duration::from_secs(20);

/// How long the log is, in frames. SQLite tells it after each commit, so no call asks the file system.
#[derive(Debug)]
struct Log {
    frames: AtomicU32,
    folded: AtomicU32,
    /// By so much it has grown with the last commit.
    grown: AtomicU32,
    /// The length at which the thread is woken.
    wake_at: AtomicU32,
    /// It was folded to its end since the indexes were last looked at.
    analyze: AtomicBool,
}

impl Default for Log {
    fn default() -> Self {
        Self { frames: 0.into(), folded: 0.into(), grown: 0.into(), wake_at: SOFT_LIMIT.into(), analyze: false.into() }
    }
}

impl Log {
    fn committed(&self, frames: u32) {
        let before = self.frames.swap(frames, Ordering::Relaxed);
        let folded = self.folded.load(Ordering::Relaxed);
        // A log that was folded to its end starts anew, unless a reader is in the way: then it is folded a little too early.
        let anew = frames < before || folded >= before;
        if anew {
            self.folded.store(0, Ordering::Relaxed);
            self.wake_at.store(SOFT_LIMIT, Ordering::Relaxed);
        }
        self.grown.store(if anew { frames } else { frames - before }, Ordering::Relaxed);
    }

    /// Does something that may commit and says nothing of how large the next transaction is.
    fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        let grown = self.grown.load(Ordering::Relaxed);
        let done = work();
        self.grown.store(grown, Ordering::Relaxed);
        done
    }

    /// Whether it was folded to its end, so that the next commit is at its beginning, if no reader is in the way.
    fn starts_anew(&self) -> bool {
        let frames = self.frames.load(Ordering::Relaxed);
        frames > 0 && self.folded.load(Ordering::Relaxed) >= frames
    }

    /// Takes in how far a checkpoint came. Returns the frames that are left.
    fn folded(&self, log: u32, folded: u32) -> u32 {
        self.folded.store(folded, Ordering::Relaxed);
        let left = log.saturating_sub(folded);
        self.analyze.store(left == 0, Ordering::Relaxed);
        // A reader is in the way: to try at each commit would be wasted work.
        let pause = if left == 0 { SOFT_LIMIT } else { SOFT_LIMIT.max(log / 2) };
        self.wake_at.store(log.saturating_add(pause), Ordering::Relaxed);
        left
    }
}

/// A thread with a connection of its own that folds the log when told to.
pub(in crate::store) struct Checkpointer {
    wake: Option<SyncSender<()>>,
    log: Arc<Log>,
    /// Frames at which the writer folds by itself.
    limit: u32,
    /// Frames at which the next warning is logged.
    alarm: u32,
    /// Held while a checkpoint runs: SQLite does not let two wait for each other.
    running: Arc<Mutex<()>>,
    read_side: ReadSide,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread.
    pub fn start(location: Location, read_side: ReadSide) -> Result<Self> {
        let (wake, due) = sync_channel(1);
        let (running, log) = (Arc::new(Mutex::new(())), Arc::new(Log::default()));
        let (turn, known, readers) = (running.clone(), log.clone(), read_side.clone());
        let thread = std::thread::Builder::new()
            .name("holm-checkpoint".into())
            .spawn(move || serve(&location, &due, &turn, &known, &readers))?;
        Ok(Self { wake: Some(wake), log, limit: HARD_LIMIT, alarm: ALARM, running, read_side, thread: Some(thread) })
    }

    /// What the writer tells of each commit: how many frames the log has.
    pub fn committed(&self) -> impl Fn(u32) + Send + use<> {
        let log = self.log.clone();
        move |frames| log.committed(frames)
    }

    /// Called before each transaction.
    pub fn before_write(&self) {
        if self.log.starts_anew() {
            self.read_side.let_go();
        }
    }

    /// Called after each commit: does what is due.
    pub fn after_commit(&mut self, writer: Option<&IndexedConnection>, counters: &Counters) {
        if self.log.analyze.swap(false, Ordering::Relaxed)
            && let Some(writer) = writer
        {
            if let Err(error) = self.log.aside(|| analyze(writer)) {
                tracing::warn!(%error, "the indexes were not analyzed");
            }
            self.read_side.opened(writer.mark());
        }
        let frames = self.log.frames.load(Ordering::Relaxed);
        if frames < HARD_LIMIT {
            (self.limit, self.alarm) = (HARD_LIMIT, ALARM);
        }
        if frames >= self.alarm {
            self.alarm = frames.saturating_mul(2);
            tracing::warn!(frames, "a reader that does not end keeps the log from being folded");
        }
        let next = frames.saturating_add(self.log.grown.load(Ordering::Relaxed));
        if next >= self.limit
            && let Some(writer) = writer
        {
            let _turn = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            match fold(writer, &self.read_side) {
                Ok((log, folded)) => {
                    let left = self.log.folded(log, folded);
                    self.limit = if left == 0 { HARD_LIMIT } else { frames.saturating_mul(2) };
                }
                Err(error) => {
                    self.limit = frames.saturating_mul(2);
                    tracing::warn!(%error, frames, "the log could not be folded");
                }
            }
        } else if frames >= self.log.wake_at.load(Ordering::Relaxed)
            && let Some(wake) = &self.wake
        {
            match wake.try_send(()) {
                Ok(()) => counters.hand_over(),
                Err(TrySendError::Full(())) => {}
                Err(TrySendError::Disconnected(())) => tracing::warn!(frames, "the checkpoint thread is gone"),
            }
        }
    }
}

/// Folds what can be folded. Returns how many frames the log has, and how many of them are folded.
fn fold(connection: &Connection, read_side: &ReadSide) -> Result<(u32, u32)> {
    read_side.let_go();
    let mut statement = connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?;
    let (log, folded): (i32, i32) = statement.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?;
    Ok((log.max(0).cast_unsigned(), folded.max(0).cast_unsigned()))
}

/// Lets SQLite count what it needs to choose between indexes, if a table has grown tenfold or an index is new. It reads some hundred rows
/// of each index (<https://sqlite.org/pragma.html#pragma_optimize>).
fn analyze(connection: &Connection) -> Result<()> {
    Ok(connection.execute_batch("PRAGMA optimize = 0x10002")?)
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn serve(location: &Location, due: &Receiver<()>, turn: &Mutex<()>, log: &Log, read_side: &ReadSide) {
    let mut connection = None;
    let mut left = 0;
    loop {
        let woken =
            if left == 0 { due.recv().map_err(|_| RecvTimeoutError::Disconnected) } else { due.recv_timeout(RETRY) };
        if woken == Err(RecvTimeoutError::Disconnected) {
            return;
        }
        if connection.is_none() {
            connection = connection::open(location, Role::Checkpointer)
                .inspect_err(|error| tracing::warn!(%error, "no checkpoint"))
                .ok();
        }
        let running = turn.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = connection.as_ref().map(|connection| fold(connection, read_side));
        drop(running);
        match outcome {
            Some(Ok((frames, folded))) => left = log.folded(frames, folded),
            Some(Err(error)) => {
                tracing::warn!(%error, "checkpoint failed");
                (connection, left) = (None, 1);
            }
            None => left = 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Durability, Store};
    use std::time::Instant;

    fn write(store: &Store, key: u32, bytes: usize) -> Duration {
        let value = "x".repeat(bytes);
        let start = Instant::now();
        let put = "INSERT OR REPLACE INTO meta VALUES (?1, ?2)";
        store.write_blocking(move |tx| Ok(tx.execute(put, (key, &value)).map(drop)?)).unwrap();
        start.elapsed()
    }

    #[test]
    fn core_c1_a_pinned_reader_delays_no_write() {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::Directory(directory.path().to_owned());
        let store = Store::open(location.clone(), Durability::Normal, 0, Arc::new(|_| {})).unwrap();
        let reader = connection::open(&location, Role::Reader).unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM meta").unwrap();
        // Some 24 MB: four times what the writer folds by itself.
        let slowest = (0..120).map(|key| write(&store, key, 200_000)).max().unwrap();
        assert!(slowest < Duration::from_secs(2), "{slowest:?}");
        drop(reader);
        // The next commits fold the log and begin it anew.
        for key in 0..12 {
            write(&store, 1_000 + key, 200_000);
        }
        let log = std::fs::metadata(directory.path().join("holm.db-wal")).unwrap().len();
        for key in 0..60 {
            write(&store, key, 200_000);
        }
        let later = std::fs::metadata(directory.path().join("holm.db-wal")).unwrap().len();
        assert!(later <= log.max(20 << 20), "f48: the log grows without a reader: {log} to {later}");
    }

    #[test]
    fn core_s12_the_planner_knows_the_selective_index() {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::Directory(directory.path().to_owned());
        let writer = connection::open(&location, Role::Writer(Durability::Normal)).unwrap();
        writer
            .execute_batch(
                "CREATE TABLE t (half, tenth, thousandth);
                 CREATE INDEX a ON t (thousandth); CREATE INDEX b ON t (tenth); CREATE INDEX c ON t (half);
                 WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
                 INSERT INTO t SELECT i % 2, i % 10, i % 1000 FROM n",
            )
            .unwrap();
        let plan = || -> String {
            let sql = "EXPLAIN QUERY PLAN SELECT * FROM t WHERE half = 1 AND tenth = 1 AND thousandth = 1";
            writer.query_row(sql, [], |row| row.get(3)).unwrap()
        };
        assert!(plan().contains("USING INDEX c"), "without an analysis, the index that was made last: {}", plan());
        analyze(&connection::open(&location, Role::Checkpointer).unwrap()).unwrap();
        // Its schema is read anew by the next statement that runs.
        writer.query_row("SELECT count(*) FROM sqlite_stat1", [], |row| row.get::<_, u32>(0)).unwrap();
        assert!(plan().contains("USING INDEX a"), "{}", plan());
    }

    #[test]
    fn an_analysis_between_two_large_commits_does_not_let_them_share_the_log() {
        let log = Log::default();
        log.committed(1_300);
        log.aside(|| log.committed(1_310));
        let next = log.frames.load(Ordering::Relaxed) + log.grown.load(Ordering::Relaxed);
        assert!(next >= HARD_LIMIT, "{next}: the thread would fold while the next commit goes on behind it");
    }

    #[test]
    fn attempts_get_rarer_while_a_reader_is_in_the_way() {
        let (log, mut woken, mut frames) = (Log::default(), 0, 0);
        for _ in 0..100_000 {
            frames += 10;
            log.committed(frames);
            if frames >= log.wake_at.load(Ordering::Relaxed) {
                woken += 1;
                log.folded(frames, 5);
            }
        }
        assert!((10..40).contains(&woken), "{woken}");
        log.folded(frames, frames);
        log.committed(3);
        assert_eq!(log.wake_at.load(Ordering::Relaxed), SOFT_LIMIT);
    }
}

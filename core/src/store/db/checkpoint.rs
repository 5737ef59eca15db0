//! Folding the log back into the database, away from commits.
//!
//! Invariants:
//! - No commit pays for a checkpoint while the log is below [`HARD_LIMIT`]; above it one does, so that the log is bounded and a cold open
//!   after a crash stays short.
//! - A checkpoint never waits for readers or writers (`PASSIVE`).

use super::connection::{self, Location, Role};
use crate::error::Result;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// From this size of the log, in bytes, it is worth folding: more than a log keeps when it starts anew, so that the size says when there is
/// something to fold.
const SOFT_LIMIT: u64 = connection::LOG_KEEPS + (64 << 10);
/// At this size the writer waits until the log starts anew.
const HARD_LIMIT: u64 = 6 << 20;

/// A thread with a connection of its own that folds the log when told to.
pub(in crate::store) struct Checkpointer {
    log: PathBuf,
    wake: Option<SyncSender<()>>,
    /// Held while a checkpoint runs: SQLite does not let two wait for each other.
    running: Arc<Mutex<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub fn start(location: Location, file: &Path) -> Result<Self> {
        let (wake, due) = sync_channel(1);
        let running = Arc::new(Mutex::new(()));
        let turn = running.clone();
        let thread =
            std::thread::Builder::new().name("holm-checkpoint".into()).spawn(move || serve(&location, &due, &turn))?;
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        Ok(Self { log: log.into(), wake: Some(wake), running, thread: Some(thread) })
    }

    /// Called after each commit: looks at the log's size and does what is due.
    pub fn after_commit(&self, writer: Option<&Connection>) {
        let size = std::fs::metadata(&self.log).map_or(0, |meta| meta.len());
        if size >= HARD_LIMIT
            && let Some(writer) = writer
        {
            let _turn = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
                tracing::warn!(%error, size, "the log could not be cut");
            }
        } else if size >= SOFT_LIMIT
            && let Some(wake) = &self.wake
            && let Err(TrySendError::Disconnected(())) = wake.try_send(())
        {
            tracing::warn!(size, "the checkpoint thread is gone");
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn serve(location: &Location, due: &Receiver<()>, turn: &Mutex<()>) {
    let mut connection = None;
    while due.recv().is_ok() {
        if connection.is_none() {
            connection = connection::open(location, Role::Checkpointer)
                .inspect_err(|error| tracing::warn!(%error, "no checkpoint"))
                .ok();
        }
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = &connection
            && let Err(error) = open.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
        {
            tracing::warn!(%error, "checkpoint failed");
            connection = None;
        }
    }
}

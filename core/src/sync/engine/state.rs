//! The state that a status bar shows.

use crate::error::{Error, ErrorCode, Result};
use crate::model::{Phase, Progress, SyncState};
use crate::platform::Clock;
use crate::store::{Store, conflicts, meta, operations, unreadable};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What the engine knows by itself; counts are read from the store when a caller asks for the state.
#[derive(Debug, Clone, PartialEq, Default)]
struct Known {
    phase: Phase,
    progress: Option<Progress>,
    last_error: Option<Error>,
    /// Collections that the server refuses.
    refused_streams: usize,
    /// Raised when counts may have changed.
    generation: u64,
}

/// Where counts are read.
#[derive(Clone)]
pub(crate) struct CountedQueue {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    /// No wait of an operation is longer.
    pub longest_wait: Duration,
    /// All operations go in one order.
    pub ordered: bool,
}

/// The engine's state, and who watches it. Thread-safe.
#[derive(Debug, Default)]
pub(crate) struct StateCell {
    known: watch::Sender<Known>,
}

impl StateCell {
    /// Moves to a phase. Suspension and closing are left only by [`leave`](Self::leave).
    pub fn phase(&self, phase: Phase) {
        self.known.send_if_modified(|known| {
            if matches!(known.phase, Phase::Closed | Phase::Suspended) {
                return false;
            }
            let progress = if matches!(phase, Phase::Pulling | Phase::Pushing) { known.progress } else { None };
            let changed = known.phase != phase || known.progress != progress;
            (known.phase, known.progress) = (phase, progress);
            changed
        });
    }

    /// Goes to, or comes back from, a phase in which nothing runs.
    pub fn leave(&self, phase: Phase) {
        self.known.send_modify(|known| {
            if known.phase != Phase::Closed {
                known.phase = phase;
                known.progress = None;
            }
        });
    }

    /// A sign-in ends the phase [`Phase::SignedOut`] and the failure that led to it, and says nothing of what was refused before.
    pub fn signed_in(&self) {
        self.refused_streams(0);
        self.known.send_if_modified(|known| {
            let ends = known.phase == Phase::SignedOut;
            if ends {
                (known.phase, known.last_error) = (Phase::Idle, None);
            }
            ends
        });
    }

    /// Tells how many collections the server refuses.
    pub fn refused_streams(&self, count: usize) {
        self.known.send_if_modified(|known| std::mem::replace(&mut known.refused_streams, count) != count);
    }

    /// Tells how far the running sync is.
    pub fn progress(&self, progress: Progress) {
        self.known.send_modify(|known| known.progress = Some(progress));
    }

    /// Tells how the last round ended.
    pub fn ended(&self, error: Option<Error>) {
        self.known.send_if_modified(|known| {
            let changed = known.last_error != error;
            known.last_error = error;
            changed
        });
    }

    /// Notes that counts may have changed.
    pub fn touch(&self) {
        self.known.send_modify(|known| known.generation += 1);
    }

    /// The state now. Blocking, microseconds.
    pub fn read(&self, queue: &CountedQueue) -> Result<SyncState> {
        let known = self.known.borrow().clone();
        state(known, queue)
    }

    pub fn watch(&self, queue: CountedQueue) -> StateWatch {
        StateWatch { known: self.known.subscribe(), queue, shown: None }
    }
}

fn state(known: Known, queue: &CountedQueue) -> Result<SyncState> {
    let (now_ms, longest_ms) =
        (queue.clock.wall_ms(), i64::try_from(queue.longest_wait.as_millis()).unwrap_or(i64::MAX));
    let Known { phase, progress, last_error, refused_streams, generation: _ } = known;
    queue.store.read(|connection| {
        let (pending, failed) = operations::counts(connection, queue.ordered)?;
        Ok(SyncState {
            phase,
            pending,
            failed,
            conflicts: conflicts::count(connection)?,
            deferred: operations::count_waiting(connection, now_ms, longest_ms)?,
            set_aside: unreadable::count(connection)? + refused_streams as u64,
            last_sync_ms: meta::get_number(connection, meta::Key::LastSync)?,
            progress,
            last_error,
        })
    })
}

/// A watch on the client's state. Dropping it ends the watch.
pub struct StateWatch {
    known: watch::Receiver<Known>,
    queue: CountedQueue,
    shown: Option<SyncState>,
}

impl StateWatch {
    /// The next state: at once the first time, later when it has changed. A slow observer sees the latest and none of those in between.
    /// None after the client was closed. Safe to drop while it waits.
    pub async fn next(&mut self) -> Option<Result<SyncState>> {
        loop {
            let known = self.known.borrow_and_update().clone();
            let closed = known.phase == Phase::Closed;
            let quiet = |phase, known: Known| SyncState {
                phase,
                progress: None,
                last_error: known.last_error,
                ..self.shown.clone().unwrap_or_default()
            };
            let next = match state(known.clone(), &self.queue) {
                // The files are closed: the counts are those from before.
                Err(error) if error.code() == ErrorCode::Suspended => quiet(Phase::Suspended, known),
                Err(error) if error.code() == ErrorCode::Closed => quiet(Phase::Closed, known),
                Err(error) => return Some(Err(error)),
                Ok(next) => next,
            };
            if self.shown.as_ref() != Some(&next) {
                self.shown = Some(next.clone());
                return Some(Ok(next));
            }
            if closed || self.known.changed().await.is_err() {
                return None;
            }
        }
    }
}

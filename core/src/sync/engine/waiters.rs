//! Who waits for the fate of a write.

use crate::model::{OpId, Version};
use crate::store::Settled;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    /// The server has accepted it; the document's version there, if it is known.
    Confirmed(Option<Version>),
    /// It was undone before it was sent.
    Withdrawn,
    /// A conflict was resolved for the other side; the journal has the values.
    Overridden,
    /// The app gave it up; the journal has the values.
    Discarded,
    /// The server refused it: it is parked and waits for retry or discard.
    Parked,
}

impl From<Settled> for WriteOutcome {
    fn from(settled: Settled) -> Self {
        match settled {
            Settled::Applied(version) => Self::Confirmed(version),
            Settled::Withdrawn => Self::Withdrawn,
            Settled::Overridden => Self::Overridden,
            Settled::Discarded => Self::Discarded,
            Settled::Parked => Self::Parked,
        }
    }
}

/// The waiting ones, by operation. Thread-safe.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    waiting: Mutex<HashMap<OpId, Vec<oneshot::Sender<WriteOutcome>>>>,
}

impl Waiters {
    /// Waits for an operation. Look into the outbox after this and not before, or the answer may fall in between.
    pub fn wait_for(&self, op: OpId) -> oneshot::Receiver<WriteOutcome> {
        let (tell, told) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let list = waiting.entry(op).or_default();
        list.retain(|other| !other.is_closed());
        list.push(tell);
        told
    }

    /// Tells those who wait.
    pub fn settle(&self, settled: &[(OpId, Settled)]) {
        if settled.is_empty() {
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            return;
        }
        for (op, how) in settled {
            for tell in waiting.remove(op).into_iter().flatten() {
                // Who has stopped waiting needs no answer.
                let _ = tell.send((*how).into());
            }
        }
    }

    /// Ends all waiting: the client is closed.
    pub fn close(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

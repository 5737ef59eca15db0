//! Callers that wait for the outcome of a write.

use crate::model::{OpId, WriteOutcome};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;

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
    pub fn settle(&self, settled: &[(OpId, WriteOutcome)]) {
        if settled.is_empty() {
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            return;
        }
        for (op, how) in settled {
            for tell in waiting.remove(op).into_iter().flatten() {
                // The receiver was dropped: the caller no longer waits.
                let _ = tell.send(*how);
            }
        }
    }

    /// Ends all waiting: the client is closed.
    pub fn close(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

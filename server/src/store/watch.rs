//! The end of a piece of work: when its time is over, or its caller has given up.
//!
//! Invariant: work that runs on a thread of the database ends within its budget, whatever it does: SQLite asks here while it looks for rows, and
//! code that works off many operations asks between two of them.

use super::StoreError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Work that can be done in parts does so much of the budget at a time.
const TURNS: u32 = 100;

/// Whether the caller of a piece of work has given up.
#[derive(Debug, Clone, Default)]
pub(super) struct Abandoned(Arc<AtomicBool>);

impl Abandoned {
    /// Whether the caller has.
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Says so when it is dropped before [`keep`](Waiting::keep).
    pub(super) fn unless_kept(&self) -> Waiting {
        Waiting { abandoned: self.clone(), kept: false }
    }
}

/// A caller that waits.
pub(super) struct Waiting {
    abandoned: Abandoned,
    kept: bool,
}

impl Waiting {
    /// The caller has its answer.
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.kept {
            self.abandoned.0.store(true, Ordering::Relaxed);
        }
    }
}

/// What the thread of a connection works on. Clones watch the same thread.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    work: Arc<Mutex<Option<Work>>>,
    stop: Arc<AtomicBool>,
    budget: Duration,
}

#[derive(Debug, Clone)]
struct Work {
    begun: Instant,
    until: Instant,
    abandoned: Abandoned,
}

impl Watch {
    /// Each piece of work may take `budget`. Once `stop` is set, all work is over.
    pub(super) fn new(budget: Duration, stop: Arc<AtomicBool>) -> Self {
        Self { work: Arc::default(), stop, budget }
    }

    /// A piece of work begins.
    pub(super) fn begin(&self, abandoned: Abandoned) {
        let begun = Instant::now();
        let work = Work { begun, until: begun + self.budget, abandoned };
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
    }

    /// It has ended.
    pub(super) fn end(&self) {
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether the present work must end now.
    pub(super) fn is_over(&self) -> bool {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let over =
            |work: &Work| work.abandoned.is_set() || self.stop.load(Ordering::Relaxed) || Instant::now() >= work.until;
        work.as_ref().is_some_and(over)
    }

    /// Whether work that can be done in parts should let others go on.
    pub(super) fn turn_is_over(&self) -> bool {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        work.as_ref().is_some_and(|work| work.begun.elapsed() >= self.budget / TURNS)
    }

    /// [`is_over`](Self::is_over) as an error.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.is_over() { Err(StoreError::TimedOut) } else { Ok(()) }
    }
}

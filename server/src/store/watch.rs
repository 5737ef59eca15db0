//! The end of a piece of work: when its time is over, or its caller has given up.
//!
//! Invariant: work that runs on a thread of the database ends within its budget, whatever it does: SQLite asks here while it looks for rows, and
//! code that works off many operations asks between two of them.

use super::StoreError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Work that can be done in parts does so much of the budget at a time where nothing else waits.
const TURNS: u32 = 100;
/// And so much where something does: every part is a commit, so not as little as could be.
const CONTENDED_TURNS: u32 = 1_000;

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
    /// How much other work waits for the thread.
    waiting: Arc<AtomicUsize>,
}

#[derive(Debug, Clone)]
struct Work {
    begun: Instant,
    until: Instant,
    abandoned: Abandoned,
}

impl Watch {
    /// Each piece of work may take `budget`. Once `stop` is set, all work is over. `waiting` counts what waits for the thread meanwhile.
    pub(super) fn new(budget: Duration, stop: Arc<AtomicBool>, waiting: Arc<AtomicUsize>) -> Self {
        Self { work: Arc::default(), stop, budget, waiting }
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
        let turns = if self.waiting.load(Ordering::Relaxed) == 0 { TURNS } else { CONTENDED_TURNS };
        work.as_ref().is_some_and(|work| work.begun.elapsed() >= self.budget / turns)
    }

    /// [`is_over`](Self::is_over) as an error.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.is_over() { Err(StoreError::TimedOut) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turn_is_short_while_others_wait() {
        let waiting = Arc::new(AtomicUsize::new(0));
        let watch = Watch::new(Duration::from_secs(3_600), Arc::default(), Arc::clone(&waiting));
        assert!(!watch.turn_is_over(), "nothing is under way");
        let began_ago = |ago: Duration| {
            watch.begin(Abandoned::default());
            let mut work = watch.work.lock().unwrap();
            work.as_mut().unwrap().begun -= ago;
        };
        for (ago, others, over) in [(10, 0, false), (40, 0, true), (2, 1, false), (10, 1, true)] {
            began_ago(Duration::from_secs(ago));
            waiting.store(others, Ordering::Relaxed);
            assert_eq!(watch.turn_is_over(), over, "{ago} s, {others} waiting");
        }
    }
}

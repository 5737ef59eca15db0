//! What the store tells and counts.

use super::{ChangedRow, Committed};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the store tells its observer, on the thread that writes, in the order of commits.
#[derive(Debug)]
pub(crate) enum StoreEvent<'a> {
    /// The commit with this number is about to change these documents. It may still fail.
    Committing(u64, &'a [ChangedRow]),
    /// A commit changed something, or another process did.
    Committed(Committed),
}

/// Told before and after every commit that changes something. A panic of it is caught and logged.
pub(crate) type Observer = Arc<dyn Fn(StoreEvent<'_>) + Send + Sync>;

/// What a store has done so far, and what SQLite has in this process.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub commits: u64,
    pub forced_writes: u64,
    pub writes: u64,
    pub wakeups: u64,
    pub statements: u64,
    /// `None` where it is not counted.
    pub bytes_written: Option<u64>,
}

/// Counts for figures and diagnosis, and the number of the last commit.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(in crate::store) commits: AtomicU64,
    pub(in crate::store) forced: AtomicU64,
    pub(in crate::store) writes: AtomicU64,
    /// How often a thread handed work or a result of a write to another one.
    pub(in crate::store) wakeups: AtomicU64,
    decided: AtomicU64,
}

impl Counters {
    /// Notes that a thread hands something to another one.
    pub(in crate::store) fn hand_over(&self) {
        self.wakeups.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of the newest commit that is over, whether it succeeded or failed. A snapshot that is opened after this call has all commits
    /// up to this number; it may have the next one too, whose rows the observer was told of before.
    pub(in crate::store) fn decided(&self) -> u64 {
        self.decided.load(Ordering::Acquire)
    }

    /// Notes that the commit with the next number is over.
    pub(in crate::store) fn decide(&self) {
        self.decided.fetch_add(1, Ordering::Release);
    }
}

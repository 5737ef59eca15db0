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

/// Counts for figures and diagnosis, and the number of the last commit.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(in crate::store) commits: AtomicU64,
    pub(in crate::store) forced: AtomicU64,
    pub(in crate::store) writes: AtomicU64,
    decided: AtomicU64,
}

impl Counters {
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

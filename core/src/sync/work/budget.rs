//! A slice of background time: some pieces of a sync, and back before the deadline.
//!
//! Invariants:
//! - Nothing is begun that is not expected to end in time, and what does not end all the same is dropped in time.
//! - A slice keeps no state of its own: cursors, leases and rows are in the store, so the next one goes on wherever this one was cut.

use crate::error::Result;
use crate::platform::Clock;
use crate::store::{Store, collections, operations};
use crate::sync::SyncReport;
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// What a background slice did, and what it left.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SliceReport {
    /// What was done.
    pub report: SyncReport,
    /// Whether everything that can be done by now is done. If not, the next slice, or the next sync, goes on where this one was.
    pub complete: bool,
    /// What is left.
    pub more: Remaining,
}

/// What is left after a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Remaining {
    /// Operations that will be sent. After a complete slice: those that wait for a time of their own.
    pub operations: u64,
    /// Collections that may have changes on the server that are not here yet.
    pub collections: u64,
}

impl Remaining {
    /// Counts operations. `collections`: how many of them are behind; `None` if that is not known: then all count as behind.
    pub(crate) fn of(store: &Store, ordered: bool, collections: Option<usize>) -> Result<Self> {
        store.read(|connection| {
            let collections = match collections {
                Some(known) => known,
                None => collections::all(connection)?.len(),
            };
            let (operations, _) = operations::counts(connection, ordered)?;
            Ok(Self { operations, collections: collections as u64 })
        })
    }
}

/// The moments of a slice, on the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadline {
    /// The engine stops.
    pub cut: Duration,
    /// The caller gets an answer in any case.
    pub answer: Duration,
}

impl Deadline {
    /// Leaves a tenth of the budget, at most a second, for what cannot be interrupted: the transaction that is running, and the way back to
    /// the host.
    pub fn after(now: Duration, budget: Duration) -> Self {
        let margin = (budget / 10).min(Duration::from_secs(1));
        let end = now.saturating_add(budget);
        Self { cut: end.saturating_sub(margin), answer: end.saturating_sub(margin / 2) }
    }
}

/// A caller that waits for a slice, and when the slice must end.
pub(in crate::sync) struct TimeBudget {
    pub cut: Duration,
    pub tell: oneshot::Sender<Result<SliceReport>>,
}

/// The moment at which a cycle stops. If `None`, it runs to its end. May be set while it runs.
pub(in crate::sync) type Limit = watch::Receiver<Option<Duration>>;

/// Completes when the limit has passed.
pub(in crate::sync) async fn passed(mut limit: Limit, clock: &dyn Clock) {
    loop {
        let cut = *limit.borrow_and_update();
        let sleep = match cut {
            Some(cut) => clock.sleep(cut.saturating_sub(clock.monotonic())),
            None => Box::pin(std::future::pending()),
        };
        tokio::select! {
            () = sleep => return,
            Ok(()) = limit.changed() => {}
        }
    }
}

//! What the engine remembers from cycle to cycle, and may forget with the process.

use super::rtt::RttEstimator;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Debug, Default)]
struct Learned {
    batch_limit: usize,
    offset_ms: Option<i64>,
    /// Operations that went through so far.
    successes: u64,
    /// Operations that the server failed at, alone in their request: (how often while others got through, successes at the last time).
    suspects: HashMap<i64, (u32, u64)>,
    /// How long requests take.
    rtt: RttEstimator,
    /// How long the server keys a device to wait between two looks.
    suggested: Option<Duration>,
}

/// The engine's adaptive.
#[derive(Debug, Default)]
pub(crate) struct AdaptiveState(Mutex<Learned>);

impl AdaptiveState {
    pub fn new(batch_limit: usize, offset_ms: Option<i64>) -> Self {
        Self(Mutex::new(Learned { batch_limit: batch_limit.max(1), offset_ms, ..Learned::default() }))
    }

    /// How many operations to send at once.
    pub fn batch_limit(&self) -> usize {
        self.locked().batch_limit
    }

    /// A request of this size was too much.
    pub fn shrink(&self, size: usize) {
        self.locked().batch_limit = (size / 2).max(1);
    }

    /// A request went through: dare more next time.
    pub fn grow(&self, most: usize) {
        let mut learned = self.locked();
        learned.batch_limit = (learned.batch_limit * 2).min(most.max(1));
    }

    pub fn succeeded(&self, operations: u64) {
        self.locked().successes += operations;
    }

    /// The server failed at this operation alone. Returns how often it did so while others got through: only that speaks against the
    /// operation and not against the server.
    pub fn suspect(&self, op_seq: i64) -> u32 {
        let mut learned = self.locked();
        let successes = learned.successes;
        let entry = learned.suspects.entry(op_seq).or_insert((1, successes));
        if successes > entry.1 {
            *entry = (entry.0 + 1, successes);
        }
        entry.0
    }

    /// Works with what is known of requests' durations.
    pub(in crate::sync) fn rtt<T>(&self, work: impl FnOnce(&mut RttEstimator) -> T) -> T {
        work(&mut self.locked().rtt)
    }

    /// The server suggested an interval, if it did.
    pub fn suggest(&self, interval: Option<Duration>) {
        let mut learned = self.locked();
        learned.suggested = interval.or(learned.suggested);
    }

    /// What the server has suggested last.
    pub fn suggested(&self) -> Option<Duration> {
        self.locked().suggested
    }

    /// The clock's offset as it is learned in the store.
    pub fn kept_offset(&self) -> Option<i64> {
        self.locked().offset_ms
    }

    pub fn keep_offset(&self, offset_ms: i64) {
        self.locked().offset_ms = Some(offset_ms);
    }

    fn locked(&self) -> MutexGuard<'_, Learned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_suspected_only_while_others_get_through() {
        let adaptive = AdaptiveState::new(1_000, None);
        assert_eq!((adaptive.suspect(7), adaptive.suspect(7), adaptive.suspect(7)), (1, 1, 1));
        adaptive.succeeded(1);
        assert_eq!((adaptive.suspect(7), adaptive.suspect(7)), (2, 2));
    }

    #[test]
    fn f16_the_batch_halves_down_to_one_and_recovers() {
        let adaptive = AdaptiveState::new(8, None);
        for expected in [4, 2, 1, 1] {
            adaptive.shrink(adaptive.batch_limit());
            assert_eq!(adaptive.batch_limit(), expected);
        }
        adaptive.grow(8);
        adaptive.grow(8);
        adaptive.grow(8);
        adaptive.grow(8);
        assert_eq!(adaptive.batch_limit(), 8);
    }
}

//! How many requests a device may make without progress.
//!
//! Invariant: at most [`PER_MINUTE`] in any 60 seconds and [`PER_HOUR`] in any hour, whatever the server, the network, the app or the clock
//! do. Progress (something was applied, settled or found to be in step) clears the count.

use std::collections::VecDeque;
use std::time::Duration;

/// Requests without progress in any 60 seconds.
const PER_MINUTE: usize = 12;
/// Requests without progress in any hour.
const PER_HOUR: usize = 130;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// Counts the requests of one device since its last progress. The engine obeys it, and tests hold a device against it. Times are those of
/// one clock that never goes back.
#[derive(Debug, Clone, Default)]
pub struct StormGuard {
    /// When requests were made, the newest last; at most [`PER_HOUR`].
    made: VecDeque<Duration>,
}

impl StormGuard {
    /// Counts a request. False if it is one too many.
    pub fn request(&mut self, now: Duration) -> bool {
        let allowed = self.free_at(now) <= now;
        self.made.push_back(now);
        if self.made.len() > PER_HOUR {
            self.made.pop_front();
        }
        allowed
    }

    /// The requests so far have come to something.
    pub fn progress(&mut self) {
        self.progress_before(0);
    }

    /// The requests have come to something, but for so many, the newest.
    pub fn progress_before(&mut self, newest: usize) {
        self.made.drain(..self.made.len().saturating_sub(newest));
    }

    /// When the next request is allowed: `now`, or later.
    pub fn free_at(&self, now: Duration) -> Duration {
        self.free_for(1, now)
    }

    /// When so many requests are allowed at once. At most `PER_MINUTE` ever are.
    pub fn free_for(&self, requests: usize, now: Duration) -> Duration {
        let others = requests.clamp(1, PER_MINUTE) - 1;
        let nth = |n: usize| self.made.len().checked_sub(n - others).and_then(|at| self.made.get(at));
        let minute = nth(PER_MINUTE).map(|made| *made + MINUTE);
        let hour = nth(PER_HOUR).map(|made| *made + HOUR);
        [minute, hour].into_iter().flatten().fold(now, Duration::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_v1_requests_without_progress_are_bounded_in_any_minute_and_hour() {
        let mut guard = StormGuard::default();
        let (mut now, mut made) = (Duration::from_secs(5), Vec::new());
        while now < HOUR * 3 {
            now = guard.free_at(now) + Duration::from_millis(1);
            assert!(guard.request(now));
            made.push(now);
        }
        assert!(made.windows(PER_MINUTE + 1).all(|few| few[PER_MINUTE] - few[0] > MINUTE));
        assert!(made.windows(PER_HOUR + 1).all(|few| few[PER_HOUR] - few[0] > HOUR));
        assert!(made.len() > 300, "and no fewer than that: {}", made.len());
    }

    #[test]
    fn progress_clears_the_count_and_a_storm_is_told() {
        let mut guard = StormGuard::default();
        let now = Duration::from_secs(1);
        for _ in 0..5 {
            assert!((0..PER_MINUTE).all(|_| guard.request(now)));
            assert!(!guard.request(now));
            guard.progress();
        }
    }

    #[test]
    fn what_failed_after_the_progress_stays_counted() {
        let mut guard = StormGuard::default();
        (1..=PER_MINUTE as u64).for_each(|second| assert!(guard.request(Duration::from_secs(second))));
        guard.progress_before(3);
        let now = Duration::from_secs(20);
        assert!((3..PER_MINUTE).all(|_| guard.request(now)));
        assert!(!guard.request(now));
    }
}

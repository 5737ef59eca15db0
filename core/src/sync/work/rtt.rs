//! How long a request will take, so that a background slice begins none that cannot end in it.
//!
//! The estimate is TCP's (RFC 6298): a smoothed duration and four times its smoothed deviation.
//!
//! Invariant: an estimate that keeps slices from asking anything fades, and a page that was cut is smaller the next time. So some slice gets
//! further, however slow the network is or once was.

use std::time::Duration;

/// Rows of a slice's first page, until something is known.
const ROWS: usize = 100;
/// A smaller page is hardly quicker, and costs more than it brings.
const LEAST_ROWS: usize = 25;

#[derive(Debug)]
pub(in crate::sync) struct RttEstimator {
    smoothed: Option<Duration>,
    deviation: Duration,
    rows: usize,
    /// When the request began that is out.
    out: Option<Duration>,
    /// What the last one took.
    last: Duration,
}

impl Default for RttEstimator {
    fn default() -> Self {
        Self { smoothed: None, deviation: Duration::ZERO, rows: ROWS, out: None, last: Duration::ZERO }
    }
}

impl RttEstimator {
    /// What the next request should be given. Zero while nothing is known.
    pub fn expected(&self) -> Duration {
        self.smoothed.map_or(Duration::ZERO, |smoothed| smoothed + 4 * self.deviation)
    }

    /// How many rows a slice asks for, or sends, at once.
    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn begun(&mut self, now: Duration) {
        self.out = Some(now);
    }

    /// The request that was out has its answer.
    pub fn answered(&mut self, now: Duration) {
        let Some(begun) = self.out.take() else { return };
        self.last = now.saturating_sub(begun);
        (self.smoothed, self.deviation) = match self.smoothed {
            None => (Some(self.last), self.last / 2),
            Some(smoothed) => {
                (Some((7 * smoothed + self.last) / 8), (3 * self.deviation + smoothed.abs_diff(self.last)) / 4)
            }
        };
    }

    /// The request that was out failed: how long that took says nothing.
    pub fn failed(&mut self) {
        self.out = None;
    }

    /// A page was full, and there is more: ask for larger ones if a slice has time for eight of these.
    pub fn filled(&mut self, slice: Duration, most: usize) {
        if 8 * self.last <= slice {
            self.rows = (2 * self.rows).min(most.max(LEAST_ROWS));
            // They will take longer than what was measured so far.
            self.smoothed = self.smoothed.map(|smoothed| smoothed.max(2 * self.last));
        }
    }

    /// The slice ended while a request was out.
    pub fn cut(&mut self, now: Duration) {
        let Some(begun) = self.out.take() else { return };
        let least = now.saturating_sub(begun).max(self.smoothed.unwrap_or_default());
        (self.smoothed, self.deviation) = (Some(least), (least / 4).max(self.deviation));
        self.rows = (self.rows / 2).max(LEAST_ROWS);
    }

    /// A slice had no time for any request.
    pub fn skipped(&mut self) {
        self.smoothed = self.smoothed.map(|smoothed| smoothed * 7 / 8);
        self.deviation = self.deviation * 7 / 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(rtt: &mut RttEstimator, ms: u64) {
        rtt.begun(Duration::ZERO);
        rtt.answered(Duration::from_millis(ms));
    }

    #[test]
    fn steady_requests_are_trusted_and_unsteady_ones_are_given_time() {
        let (mut steady, mut unsteady) = (RttEstimator::default(), RttEstimator::default());
        assert_eq!(steady.expected(), Duration::ZERO, "the first one is tried");
        for round in 0..40 {
            ask(&mut steady, 100);
            ask(&mut unsteady, if round % 2 == 0 { 20 } else { 180 });
        }
        assert!(steady.expected() < Duration::from_millis(110), "{:?}", steady.expected());
        assert!(unsteady.expected() > Duration::from_millis(300), "{:?}", unsteady.expected());
    }

    #[test]
    fn what_was_once_slow_is_tried_again_some_day() {
        let mut rtt = RttEstimator::default();
        ask(&mut rtt, 60_000);
        let mut slices = 0;
        while rtt.expected() > Duration::from_millis(900) {
            rtt.skipped();
            slices += 1;
        }
        assert!(slices < 50, "{slices}");
        assert_eq!(rtt.rows(), ROWS, "a short slice says nothing of the page");
    }

    #[test]
    fn pages_grow_while_several_fit_and_shrink_when_one_does_not() {
        let mut rtt = RttEstimator::default();
        ask(&mut rtt, 100);
        rtt.filled(Duration::from_secs(1), 5_000);
        assert_eq!(rtt.rows(), 2 * ROWS);
        rtt.filled(Duration::from_millis(799), 5_000);
        assert_eq!(rtt.rows(), 2 * ROWS);
        rtt.begun(Duration::ZERO);
        rtt.cut(Duration::from_secs(2));
        assert_eq!(rtt.rows(), ROWS);
        assert!(rtt.expected() >= Duration::from_secs(2));
        rtt.cut(Duration::from_secs(9));
        assert_eq!(rtt.rows(), ROWS, "nothing was out");
    }
}

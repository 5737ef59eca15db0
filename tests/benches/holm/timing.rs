//! Times of many calls.

use std::time::{Duration, Instant};

/// Rounds of raw, Holm, raw; the best of them counts.
pub const ROUNDS: usize = 3;

/// Median and tail, µs.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    pub p50: f64,
    pub p99: f64,
}

impl Spread {
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |part: f64| times[((times.len() as f64 * part) as usize).min(times.len() - 1)].as_secs_f64() * 1e6;
        Self { p50: at(0.5), p99: at(0.99) }
    }

    /// The better one of each; `best` may have none yet.
    pub fn into_best(self, best: &mut Option<Self>) {
        *best = Some(best.map_or(self, |b| Self { p50: b.p50.min(self.p50), p99: b.p99.min(self.p99) }));
    }
}

/// The least of figures that come one by one.
#[derive(Debug, Clone, Copy)]
pub struct Least(pub f64);

impl Default for Least {
    fn default() -> Self {
        Self(f64::INFINITY)
    }
}

impl Least {
    pub fn take(&mut self, value: f64) {
        self.0 = self.0.min(value);
    }
}

/// How long something takes, with what it returns.
pub fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

/// Milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

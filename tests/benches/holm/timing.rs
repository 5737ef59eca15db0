//! Times of many calls.

use std::time::{Duration, Instant};

/// Rounds of raw, Holm, raw.
pub const ROUNDS: usize = 5;

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

    /// Adds it to those of other rounds.
    pub fn into(self, rounds: &mut Spreads) {
        rounds.p50.take(self.p50);
        rounds.p99.take(self.p99);
    }
}

/// Medians and tails of several rounds.
#[derive(Debug, Clone, Default)]
pub struct Spreads {
    pub p50: Rounds,
    pub p99: Rounds,
}

/// Figures of several rounds.
#[derive(Debug, Clone, Default)]
pub struct Rounds(Vec<f64>);

impl Rounds {
    pub fn take(&mut self, value: f64) {
        self.0.push(value);
    }

    pub fn least(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
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

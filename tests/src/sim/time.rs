//! Virtual time: tokio's paused clock, read as a wall clock that may be wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// When every simulation begins, ms since 1970.
pub const START_MS: i64 = 1_800_000_000_000;

/// The clock of a device or of the server. Clones are the same clock.
#[derive(Clone)]
pub struct SimClock {
    start: Instant,
    skew_ms: Arc<AtomicI64>,
}

impl SimClock {
    /// A clock that is wrong by `skew_ms`. All clocks of a world begin at `start`.
    pub fn new(start: Instant, skew_ms: i64) -> Self {
        Self { start, skew_ms: Arc::new(AtomicI64::new(skew_ms)) }
    }

    /// Sets the wall clock: it jumps.
    pub fn set_skew_ms(&self, skew_ms: i64) {
        self.skew_ms.store(skew_ms, Ordering::Relaxed);
    }

    /// How far the wall clock is from the world's.
    pub fn skew_ms(&self) -> i64 {
        self.skew_ms.load(Ordering::Relaxed)
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

impl holm_core::Clock for SimClock {
    fn wall_ms(&self) -> i64 {
        START_MS + self.elapsed().as_millis() as i64 + self.skew_ms.load(Ordering::Relaxed)
    }

    fn monotonic(&self) -> Duration {
        self.elapsed()
    }

    fn sleep(&self, duration: Duration) -> holm_core::Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

impl holm_server::Clock for SimClock {
    fn now_ms(&self) -> i64 {
        holm_core::Clock::wall_ms(self)
    }
}

//! Time: a wall clock that may jump, a monotonic one that may not, and a way to wait.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A wait that ends by itself; dropping it forgets it.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The device's time. Thread-safe; every method returns at once.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970 as the device believes them. May jump in either direction.
    fn wall_ms(&self) -> i64;

    /// Time since some fixed point of this process. Never goes back.
    fn monotonic(&self) -> Duration;

    /// Completes after `duration`.
    fn sleep(&self, duration: Duration) -> Sleep;
}

/// The wall clock is taken to show no time further from 1970 than this, ms: two million years, of which several add up without an overflow.
pub(crate) const FARTHEST_MS: i64 = 1 << 56;

/// A host's clock, whose wall clock may show anything, within [`FARTHEST_MS`].
pub(crate) struct BoundedClock(pub Arc<dyn Clock>);

impl Clock for BoundedClock {
    fn wall_ms(&self) -> i64 {
        self.0.wall_ms().clamp(-FARTHEST_MS, FARTHEST_MS)
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.0.sleep(duration)
    }
}

/// The operating system's clocks, waiting on tokio's timer.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
    wall_offset_ms: i64,
}

impl SystemClock {
    /// The clock of this device.
    pub fn new() -> Self {
        Self::with_offset_ms(0)
    }

    /// A clock that is wrong by `offset_ms`: what a device whose date was set by hand looks like.
    pub fn with_offset_ms(offset_ms: i64) -> Self {
        Self { start: Instant::now(), wall_offset_ms: offset_ms }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn wall_ms(&self) -> i64 {
        let now = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => after.as_millis() as i64,
            Err(before) => -(before.duration().as_millis() as i64),
        };
        now.saturating_add(self.wall_offset_ms)
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

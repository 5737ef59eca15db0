//! The server's time.

use holm_server::Clock;
use std::sync::atomic::{AtomicI64, Ordering};

/// A wall clock that a test moves. Thread-safe.
pub(crate) struct MovedClock {
    now_ms: AtomicI64,
}

impl MovedClock {
    pub fn new(start_ms: i64) -> Self {
        Self { now_ms: AtomicI64::new(start_ms) }
    }

    pub fn advance(&self, ms: u64) {
        self.now_ms.fetch_add(i64::try_from(ms).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

impl Clock for MovedClock {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::Relaxed)
    }
}

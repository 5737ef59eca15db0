//! The server's wall clock.
//!
//! Invariant: nothing else in this crate asks what time it is, so a test decides how long 60 days last.

use std::time::{SystemTime, UNIX_EPOCH};

/// The server's wall clock. Thread-safe, returns at once.
///
/// It may jump: stamps of records are kept rising by the stream heads and never by trust in the clock.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970, UTC.
    fn now_ms(&self) -> i64;
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            // A machine whose clock stands before 1970: stamps still rise from 0.
            Err(_) => 0,
        }
    }
}

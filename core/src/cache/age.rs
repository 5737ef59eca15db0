//! How old what is here is, on clocks that may be set, stand still or be wrong.
//!
//! Invariants:
//! - An age is never negative, and never less than what the monotonic clock or a wall clock that went on says: a device that slept, or whose
//!   clock was set forward, asks the server once too often rather than once too seldom.
//! - The age of something that another process has read is certain only if this process knows the server's time: the device's
//!   clock may have been set in between. What is not certain counts as stale.

use crate::device::Device;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A reading of this process.
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// The time that was stored with it: tells it from readings of others.
    stored_ms: i64,
    monotonic: Duration,
    wall_ms: i64,
}

/// When this process has read each collection to its head. Thread-safe.
#[derive(Debug, Default)]
pub(crate) struct Readings(Mutex<HashMap<i64, Reading>>);

impl Readings {
    /// Notes that these collections have just been read; returns the time to store with them.
    pub fn note(&self, device: &Device, collections: &[i64]) -> i64 {
        let stored_ms = device.server_now_ms();
        let reading = Reading { stored_ms, monotonic: device.clock.monotonic(), wall_ms: device.clock.wall_ms() };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(collections.iter().map(|collection| (*collection, reading)));
        stored_ms
    }

    /// How long ago a collection was read, given the time that is stored with it, and whether that is certain.
    pub fn age(&self, device: &Device, collection: i64, stored_ms: i64) -> (Duration, bool) {
        let own = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&collection).copied();
        if let Some(own) = own.filter(|own| own.stored_ms == stored_ms) {
            let by_wall = millis(device.clock.wall_ms().saturating_sub(own.wall_ms));
            return (device.clock.monotonic().saturating_sub(own.monotonic).max(by_wall), true);
        }
        let passed = device.server_now_ms().saturating_sub(stored_ms);
        (millis(passed), passed >= 0 && device.has_server_time())
    }
}

fn millis(ms: i64) -> Duration {
    Duration::from_millis(ms.max(0).cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::KnownTime;
    use crate::platform::{Clock, Sleep, SystemEntropy};
    use crate::time::{ServerTime, Span};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    const HOUR: i64 = 3_600_000;
    const YEAR: i64 = 365 * 24 * HOUR;

    struct Hand {
        wall: AtomicI64,
        monotonic: AtomicI64,
    }

    impl Hand {
        fn set(&self, wall: i64, monotonic: i64) {
            self.wall.store(wall, Ordering::Relaxed);
            self.monotonic.store(monotonic, Ordering::Relaxed);
        }
    }

    impl Clock for Hand {
        fn wall_ms(&self) -> i64 {
            self.wall.load(Ordering::Relaxed)
        }
        fn monotonic(&self) -> Duration {
            millis(self.monotonic.load(Ordering::Relaxed))
        }
        fn sleep(&self, _: Duration) -> Sleep {
            Box::pin(std::future::pending())
        }
    }

    fn device(wall: i64) -> (Arc<Hand>, Device) {
        let hand = Arc::new(Hand { wall: AtomicI64::new(wall), monotonic: AtomicI64::new(0) });
        (hand.clone(), Device::new(hand, Arc::new(SystemEntropy), "d", KnownTime::default()))
    }

    const NOW: i64 = 1_790_000_000_000;

    fn hear(device: &Device, server_ms: i64) {
        let now = device.reading();
        device.observe(ServerTime { server_ms, span: Span { sent: now, received: now } });
    }

    #[test]
    fn f32_a_wall_clock_that_jumps_makes_nothing_younger_than_it_is() {
        let (hand, device) = device(NOW);
        let readings = Readings::default();
        let stored = readings.note(&device, &[1]);
        for (wall, monotonic, age) in [
            (NOW + HOUR, HOUR, HOUR),
            // Set back by a year: the monotonic clock knows.
            (NOW - YEAR, HOUR, HOUR),
            // Asleep for eight hours, in which the monotonic clock stood still: the wall clock knows.
            (NOW + 8 * HOUR, 1_000, 8 * HOUR),
            // Set forward by a year: older than it is, so one refresh more.
            (NOW + YEAR, HOUR, YEAR),
        ] {
            hand.set(wall, monotonic);
            assert_eq!(readings.age(&device, 1, stored), (millis(age), true));
        }
        // After that refresh the jump is forgotten.
        let stored = readings.note(&device, &[1]);
        hand.set(NOW + YEAR + 1_000, HOUR + 1_000);
        assert_eq!(readings.age(&device, 1, stored), (millis(1_000), true));
    }

    #[test]
    fn f32_what_an_earlier_process_read_is_certain_once_the_server_was_heard() {
        let readings = Readings::default();
        // An hour has passed, but the clock was set back by 59 minutes in between.
        let (_, wrong) = device(NOW + HOUR / 60);
        assert_eq!(readings.age(&wrong, 1, NOW), (millis(HOUR / 60), false));
        hear(&wrong, NOW + HOUR);
        assert_eq!(readings.age(&wrong, 1, NOW), (millis(HOUR), true));
        // Set back by a year: never negative, never certain.
        let (_, back) = device(NOW - YEAR);
        assert_eq!(readings.age(&back, 1, NOW), (Duration::ZERO, false));
    }

    #[test]
    fn what_another_process_has_read_since_is_not_taken_for_ones_own() {
        let (hand, device) = device(NOW);
        let readings = Readings::default();
        readings.note(&device, &[1]);
        hear(&device, NOW);
        hand.set(NOW + HOUR, HOUR);
        assert_eq!(readings.age(&device, 1, NOW + HOUR - 5_000), (millis(5_000), true));
    }
}

//! Hybrid logical clock (Kulkarni, Demirbas et al., "Logical Physical Clocks", 2014).
//!
//! Invariants:
//! - Stamps of one device rise strictly, even if its wall clock goes back.
//! - Time is counted in one frame per process: the wall clock read once at start plus the monotonic clock, plus the offset to the
//!   server's time where it is known. A wall clock that jumps while the app runs changes nothing.

use crate::platform::Clock;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A difference to the server's time below this says more about the network than about the clock, ms. Two devices with good clocks agree
/// better without it.
pub(crate) const OFFSET_NOISE_MS: i64 = 500;

/// A stamp: when (ms since 1970, server time as well as the device knows it), a counter, and which device. Ordered in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hlc {
    /// Milliseconds since 1970.
    pub ms: i64,
    /// Orders stamps of the same millisecond.
    pub counter: u32,
    /// The device: breaks ties.
    pub node: String,
}

impl Hlc {
    /// Reads `"<ms>:<counter>:<node>"`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let ms = parts.next()?.parse().ok()?;
        let counter = parts.next()?.parse().ok()?;
        Some(Self { ms, counter, node: parts.next()?.to_owned() })
    }
}

impl fmt::Display for Hlc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.ms, self.counter, self.node)
    }
}

/// Issues the (ms, counter) part of stamps. Thread-safe, never blocks for long.
pub struct HlcClock {
    clock: Arc<dyn Clock>,
    wall_at_start: i64,
    monotonic_at_start: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    last: (i64, u32),
    offset_ms: i64,
    calibrated: bool,
}

impl HlcClock {
    /// Starts the frame of this process. `offset_ms` is what an earlier process learnt of the server's time.
    pub fn new(clock: Arc<dyn Clock>, offset_ms: i64) -> Self {
        Self {
            wall_at_start: clock.wall_ms(),
            monotonic_at_start: clock.monotonic(),
            state: Mutex::new(State { last: (0, 0), offset_ms, calibrated: false }),
            clock,
        }
    }

    /// Server time as well as it is known here, ms since 1970.
    pub fn now_ms(&self) -> i64 {
        self.frame_ms().saturating_add(self.locked().offset_ms)
    }

    /// The same by whichever clock is ahead: the monotonic one may have stood still while the device slept.
    pub fn latest_ms(&self) -> i64 {
        self.now_ms().saturating_add(self.clock.wall_ms().saturating_sub(self.frame_ms()).max(0))
    }

    /// The next stamp, greater than every one before.
    pub fn stamp(&self) -> (i64, u32) {
        let now = self.frame_ms();
        let mut state = self.locked();
        let now = now.saturating_add(state.offset_ms);
        state.last = if now > state.last.0 { (now, 0) } else { (state.last.0, state.last.1.saturating_add(1)) };
        state.last
    }

    /// Whether this process has heard the server's time: stamps made before that are corrected by [`calibrate`](Self::calibrate).
    pub fn is_calibrated(&self) -> bool {
        self.locked().calibrated
    }

    /// Takes the server's time as heard just now. Returns by how many milliseconds stamps made earlier in this process were wrong,
    /// the first time only.
    pub fn calibrate(&self, server_ms: i64) -> Option<i64> {
        let offset = server_ms.saturating_sub(self.frame_ms());
        let mut state = self.locked();
        let change = offset.saturating_sub(state.offset_ms);
        let correction = if change.saturating_abs() < OFFSET_NOISE_MS { 0 } else { change };
        let first = !std::mem::replace(&mut state.calibrated, true);
        state.offset_ms = state.offset_ms.saturating_add(correction);
        // Earlier stamps move by the correction, so the last one does too: it must not hold the clock in the wrong frame.
        if first {
            state.last.0 = state.last.0.saturating_add(correction);
        }
        first.then_some(correction)
    }

    /// Stamps go on above this one, which an earlier process made.
    pub fn go_on_after(&self, newest: (i64, u32)) {
        let mut state = self.locked();
        state.last = state.last.max(newest);
    }

    fn frame_ms(&self) -> i64 {
        let elapsed = self.clock.monotonic().saturating_sub(self.monotonic_at_start);
        self.wall_at_start.saturating_add(elapsed.as_millis() as i64)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for HlcClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HlcClock").field("state", &*self.locked()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Sleep;
    use std::sync::atomic::{AtomicI64, Ordering};

    struct Hand(AtomicI64, AtomicI64);

    impl Clock for Hand {
        fn wall_ms(&self) -> i64 {
            self.0.load(Ordering::Relaxed)
        }
        fn monotonic(&self) -> Duration {
            Duration::from_millis(self.1.load(Ordering::Relaxed) as u64)
        }
        fn sleep(&self, _: Duration) -> Sleep {
            Box::pin(std::future::ready(()))
        }
    }

    #[test]
    fn stamps_rise_although_the_wall_clock_jumps_back() {
        let hand = Arc::new(Hand(AtomicI64::new(1_000_000), AtomicI64::new(0)));
        let hlc = HlcClock::new(hand.clone(), 0);
        let first = hlc.stamp();
        hand.0.store(5, Ordering::Relaxed);
        let second = hlc.stamp();
        hand.1.store(10, Ordering::Relaxed);
        let third = hlc.stamp();
        assert!(first < second && second < third);
        assert_eq!(third.0, 1_000_010);
    }

    #[test]
    fn f27_a_wrong_clock_is_corrected_by_the_servers_time() {
        for skew in [0, 60_000, -60_000, 259_200_000, -259_200_000, 315_000_000_000, -315_000_000_000] {
            let truth = 1_790_000_000_000;
            let hand = Arc::new(Hand(AtomicI64::new(truth + skew), AtomicI64::new(0)));
            let hlc = HlcClock::new(hand.clone(), 0);
            let early = hlc.stamp();
            hand.1.store(500, Ordering::Relaxed);
            let correction = hlc.calibrate(truth + 500).unwrap();
            assert_eq!(early.0 + correction, truth);
            assert_eq!(hlc.now_ms(), truth + 500);
            assert!(hlc.stamp().0 <= truth + 501);
            assert_eq!(hlc.calibrate(truth + 500), None);
        }
    }

    #[test]
    fn f27_a_slow_network_does_not_disturb_a_good_clock() {
        let hand = Arc::new(Hand(AtomicI64::new(1_000_000), AtomicI64::new(0)));
        let hlc = HlcClock::new(hand, 0);
        assert_eq!(hlc.calibrate(1_000_000 - 400), Some(0));
        assert_eq!(hlc.now_ms(), 1_000_000);
        assert_eq!(hlc.calibrate(1_000_000 + 4_000), None);
        assert_eq!(hlc.now_ms(), 1_004_000);
        assert_eq!(hlc.calibrate(1_000_000 + 3_700), None);
        assert_eq!(hlc.now_ms(), 1_004_000);
    }

    #[test]
    fn text_reads_back() {
        let stamp = Hlc { ms: 7, counter: 3, node: "a:b".into() };
        assert_eq!(Hlc::parse(&stamp.to_string()).unwrap(), stamp);
        assert!(Hlc::parse("7:3").is_none());
    }
}

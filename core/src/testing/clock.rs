//! A clock that a test moves by hand.

use crate::platform::{Clock, Sleep};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Time that stands still until [`advance`](Self::advance). Thread-safe.
///
/// `advance` moves first and wakes then: what a woken task does happens at the new time, and a wait that it begins ends with a later
/// `advance`.
#[derive(Debug)]
pub struct VirtualClock {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    elapsed: Duration,
    /// What the wall clock showed, or would have shown, at the start, ms since 1970.
    wall_start_ms: i64,
    sleepers: Vec<(Duration, oneshot::Sender<()>)>,
}

impl VirtualClock {
    /// A clock that shows `wall_ms` (since 1970).
    pub fn new(wall_ms: i64) -> Self {
        Self { state: Mutex::new(State { elapsed: Duration::ZERO, wall_start_ms: wall_ms, sleepers: Vec::new() }) }
    }

    /// Lets time pass and wakes the sleepers that waited for it, the earliest first. Returns at once: what the woken ones do is under way.
    pub fn advance(&self, by: Duration) {
        let mut due = self.with(|state| {
            state.elapsed += by;
            let now = state.elapsed;
            let (due, later) = std::mem::take(&mut state.sleepers).into_iter().partition(|(at, _)| *at <= now);
            state.sleepers = later;
            due
        });
        due.sort_by_key(|(at, _): &(Duration, _)| *at);
        for (_, wake) in due {
            // The receiver was dropped: the sleeper no longer waits.
            let _ = wake.send(());
        }
    }

    /// Sets the wall clock, as a user does who changes the date. No wait ends by that.
    pub fn set_wall_ms(&self, wall_ms: i64) {
        self.with(|state| state.wall_start_ms = wall_ms - state.elapsed.as_millis() as i64);
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for VirtualClock {
    fn wall_ms(&self) -> i64 {
        self.with(|state| state.wall_start_ms.saturating_add(state.elapsed.as_millis() as i64))
    }

    fn monotonic(&self) -> Duration {
        self.with(|state| state.elapsed)
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        if duration.is_zero() {
            return Box::pin(std::future::ready(()));
        }
        let (wake, woken) = oneshot::channel();
        self.with(|state| {
            state.sleepers.retain(|(_, other)| !other.is_closed());
            state.sleepers.push((state.elapsed + duration, wake));
        });
        Box::pin(async {
            // The clock is gone: no sleeper is ever woken.
            if woken.await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn a_wait_ends_when_the_time_has_come_and_not_before() {
        let clock = VirtualClock::new(1_000);
        let mut short = clock.sleep(Duration::from_secs(1));
        let mut long = clock.sleep(Duration::from_secs(60));
        clock.advance(Duration::from_millis(999));
        assert!((&mut short).now_or_never().is_none());
        clock.advance(Duration::from_millis(1));
        assert!(short.now_or_never().is_some() && (&mut long).now_or_never().is_none());
        assert_eq!((clock.wall_ms(), clock.monotonic()), (2_000, Duration::from_secs(1)));
    }

    #[test]
    fn setting_the_date_ends_no_wait() {
        let clock = VirtualClock::new(0);
        let mut wait = clock.sleep(Duration::from_secs(1));
        clock.set_wall_ms(1_000_000_000);
        assert!((&mut wait).now_or_never().is_none());
        clock.advance(Duration::from_secs(1));
        assert!(wait.now_or_never().is_some());
        assert_eq!(clock.wall_ms(), 1_000_001_000);
    }

    #[test]
    fn waits_that_were_given_up_are_forgotten() {
        let clock = VirtualClock::new(0);
        for _ in 0..1_000 {
            drop(clock.sleep(Duration::from_secs(1)));
        }
        assert!(clock.with(|state| state.sleepers.len()) <= 1);
    }
}

//! When to try again.

use crate::platform::Entropy;
use std::time::Duration;

/// Exponential back-off with "equal jitter" (M. Brooker, "Exponential Backoff And Jitter", 2015): between half of the step and the whole of
/// it. The jitter comes after the cap, so a thousand devices that failed together do not come back together however long it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The first step. 1 second.
    pub base: Duration,
    /// No step is longer. 30 seconds.
    pub cap: Duration,
    /// After so many answers of the server that are an operation's own fault but might pass, it is parked. 8.
    pub max_attempts: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { base: Duration::from_secs(1), cap: Duration::from_secs(30), max_attempts: 8 }
    }
}

impl RetryPolicy {
    /// No operation waits longer than this. A stored wait that is longer comes from a clock that was wrong.
    pub(crate) fn longest_wait(&self) -> Duration {
        self.cap.saturating_mul(4)
    }

    /// How long to wait after the `failures`-th failure in a row (1, 2, …).
    pub(crate) fn delay(&self, failures: u32, entropy: &dyn Entropy) -> Duration {
        let doublings = failures.saturating_sub(1).min(30);
        let step = self.base.saturating_mul(1 << doublings).min(self.cap);
        step.mul_f64(0.5 + 0.5 * entropy.fraction())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::SystemEntropy;

    #[test]
    fn steps_double_up_to_the_cap_and_jitter_stays_below_it() {
        let policy = RetryPolicy::default();
        for (failures, seconds) in [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (60, 30), (u32::MAX, 30)] {
            for _ in 0..50 {
                let delay = policy.delay(failures, &SystemEntropy);
                assert!(
                    delay <= Duration::from_secs(seconds) && delay >= Duration::from_secs(seconds) / 2,
                    "{failures}: {delay:?}"
                );
            }
        }
    }
}

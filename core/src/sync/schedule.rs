//! When the next cycle runs by itself.
//!
//! Invariant: [`Schedule::next`] has a time whenever there is something to do that time alone can make possible.

use crate::error::{Error, ErrorCode};
use crate::outbox::RetryPolicy;
use crate::platform::Entropy;
use std::time::Duration;

/// How the client syncs by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SyncConfig {
    /// Whether it syncs by itself at all: after writes, when a network comes, after failures, and periodically. Else only when asked.
    pub automatic: bool,
    /// How long it waits after a write for more of them. 300 ms.
    pub debounce: Duration,
    /// How often it looks for changes of others. 15 minutes, with a tenth of jitter.
    pub interval: Duration,
    /// When it tries again after a failure.
    pub retry: RetryPolicy,
    /// Operations in one request. 1,000.
    pub batch: usize,
    /// Documents in one page. 5,000.
    pub page: u32,
}

impl Default for SyncConfig {
    fn default() -> Self {
        Self {
            automatic: true,
            debounce: Duration::from_millis(300),
            interval: Duration::from_secs(900),
            retry: RetryPolicy::default(),
            batch: 1_000,
            page: 5_000,
        }
    }
}

/// Times of the engine, all on the monotonic clock.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Schedule {
    /// Failures in a row.
    failures: u32,
    /// Not before this, after a failure.
    retry_at: Option<Duration>,
    /// A write waits for company until then.
    write_at: Option<Duration>,
    /// The next look for changes.
    periodic_at: Option<Duration>,
    /// An operation is due then.
    due_at: Option<Duration>,
    /// The server wants a sign-in: time does not help.
    signed_out: bool,
}

impl Schedule {
    /// The first look is due at once.
    pub fn start(now: Duration) -> Self {
        Self { periodic_at: Some(now), ..Self::default() }
    }

    /// When the next cycle should run.
    pub fn next(&self) -> Option<Duration> {
        if self.signed_out {
            return None;
        }
        let wanted = [self.write_at, self.periodic_at, self.due_at].into_iter().flatten().min()?;
        Some(self.retry_at.map_or(wanted, |retry| retry.max(wanted)))
    }

    /// A local write came.
    pub fn wrote(&mut self, now: Duration, debounce: Duration) {
        self.write_at.get_or_insert(now + debounce);
    }

    /// The world changed for the better (network, sign-in): no reason to go on waiting.
    pub fn encourage(&mut self, now: Duration) {
        self.failures = 0;
        self.retry_at = None;
        self.signed_out = false;
        self.periodic_at = Some(now);
    }

    /// A cycle is starting: it covers all that was written so far.
    pub fn begin(&mut self) {
        self.write_at = None;
        self.due_at = None;
    }

    /// A cycle went well. `due_in`: when the next waiting operation may go.
    pub fn succeeded(&mut self, now: Duration, config: &SyncConfig, entropy: &dyn Entropy, due_in: Option<Duration>) {
        self.failures = 0;
        self.retry_at = None;
        self.signed_out = false;
        self.periodic_at = Some(now + config.interval.mul_f64(0.95 + 0.1 * entropy.fraction()));
        self.due_at = due_in.map(|wait| now + wait);
    }

    /// A cycle failed.
    pub fn failed(&mut self, now: Duration, config: &SyncConfig, entropy: &dyn Entropy, error: &Error) {
        if matches!(error.code(), ErrorCode::SignedOut | ErrorCode::Unauthorized | ErrorCode::UpgradeRequired) {
            self.signed_out = true;
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let own = config.retry.delay(self.failures, entropy);
        let wait = match error {
            // The server's word counts, with jitter after it so that not everybody comes back at once.
            Error::Busy { retry_after: Some(asked), .. } => *asked + own.min(Duration::from_secs(1)),
            _ => own,
        };
        self.retry_at = Some(now + wait);
        self.periodic_at = Some(now + wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::SystemEntropy;

    const NOW: Duration = Duration::from_secs(1_000);

    fn offline() -> Error {
        Error::network(ErrorCode::Offline, "x")
    }

    #[test]
    fn f08_after_a_failure_a_time_is_set_without_any_further_call() {
        let config = SyncConfig::default();
        let mut schedule = Schedule::start(NOW);
        assert_eq!(schedule.next(), Some(NOW));
        for failure in 0..100 {
            schedule.begin();
            schedule.failed(NOW, &config, &SystemEntropy, &offline());
            let next = schedule.next().unwrap();
            assert!(next > NOW && next <= NOW + config.retry.cap, "{failure}: {next:?}");
        }
        schedule.encourage(NOW);
        assert_eq!(schedule.next(), Some(NOW));
    }

    #[test]
    fn a_write_during_back_off_does_not_hurry_it_and_typing_does_not_delay_for_ever() {
        let config = SyncConfig::default();
        let mut schedule = Schedule::start(NOW);
        schedule.failed(NOW, &config, &SystemEntropy, &offline());
        let retry = schedule.next().unwrap();
        schedule.wrote(NOW, Duration::ZERO);
        assert_eq!(schedule.next(), Some(retry));

        let mut schedule = Schedule::default();
        schedule.wrote(NOW, config.debounce);
        schedule.wrote(NOW + config.debounce / 2, config.debounce);
        assert_eq!(schedule.next(), Some(NOW + config.debounce));
    }

    #[test]
    fn the_server_may_ask_for_longer_and_a_sign_in_stops_the_clock() {
        let config = SyncConfig::default();
        let mut schedule = Schedule::start(NOW);
        let busy = Error::Busy {
            code: ErrorCode::RateLimited,
            message: String::new(),
            retry_after: Some(Duration::from_secs(120)),
        };
        schedule.failed(NOW, &config, &SystemEntropy, &busy);
        assert!(schedule.next().unwrap() >= NOW + Duration::from_secs(120));
        schedule.failed(NOW, &config, &SystemEntropy, &Error::auth(ErrorCode::Unauthorized, "x"));
        assert_eq!(schedule.next(), None);
    }
}

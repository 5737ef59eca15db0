//! When the next cycle runs by itself.
//!
//! Invariants:
//! - [`Schedule::next`] has a time whenever there is something to do that time alone can make possible.
//! - However many events come, at most one cycle a second begins because of them.
//! - A wait that the server has named ends by time, or when a caller asks for a sync; no event shortens it.

use super::config::SyncConfig;
use super::poll_interval::PollInterval;
use crate::error::{Error, ErrorCode};
use crate::net::SyncReason;
use crate::platform::{Entropy, Event, Network};
use std::time::Duration;

/// Between the beginnings of two cycles that events ask for.
const EVENT_PAUSE: Duration = Duration::from_secs(1);
/// After the server has refused the session, or this version of the client: it may have been the server's mistake.
const REFUSED_PAUSE: Duration = Duration::from_secs(300);
/// What many devices notice at the same moment (a network, a notification) is spread over this time.
const STAMPEDE: Duration = Duration::from_millis(500);

/// Times of the engine, all on the monotonic clock.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::sync) struct Schedule {
    pub poll_interval: PollInterval,
    /// Failures in a row.
    failures: u32,
    /// Not before this, after a failure.
    retry_at: Option<Duration>,
    /// Not before this: the server said so.
    asked_at: Option<Duration>,
    /// A write waits for company until then.
    write_at: Option<Duration>,
    /// A look that does not wait for the interval: the first one, and the one after a failure.
    look_at: Option<Duration>,
    /// Events ask for a look then.
    event_at: Option<Duration>,
    /// One of them was a push notification.
    pushed: bool,
    /// When a cycle last began that events had asked for.
    event_began: Option<Duration>,
    /// From when the interval counts, and this time's jitter.
    looked: Option<(Duration, f64)>,
    /// An operation is due then.
    due_at: Option<Duration>,
    /// There is no session: only a sign-in helps.
    signed_out: bool,
}

impl Schedule {
    /// The first look is due at once.
    pub fn start(now: Duration) -> Self {
        Self { event_at: Some(now), ..Self::default() }
    }

    /// When the next cycle should run on this network.
    pub fn next(&self, config: &SyncConfig, network: Network) -> Option<Duration> {
        if self.signed_out {
            return None;
        }
        let periodic = self.looked.and_then(|(from, jitter)| {
            self.poll_interval.interval(config, network).map(|interval| from.saturating_add(interval.mul_f64(jitter)))
        });
        let refreshes =
            [self.write_at, self.look_at, self.event_at, periodic, self.due_at].into_iter().flatten().min()?;
        Some([self.retry_at, self.asked_at].into_iter().flatten().fold(refreshes, Duration::max))
    }

    /// A local write came.
    pub fn wrote(&mut self, now: Duration, debounce: Duration) {
        self.write_at.get_or_insert(now + debounce);
    }

    /// Ends the waits: the user has signed in, or the app has repaired a write.
    pub fn retry_now(&mut self, now: Duration) {
        self.reset_backoff();
        self.asked_at = None;
        self.look_at = Some(now);
    }

    /// The host reports something.
    pub fn report(&mut self, now: Duration, event: Event, entropy: &dyn Entropy) {
        self.poll_interval.note(event);
        match event {
            Event::Launched | Event::Foreground => {
                self.reset_backoff_for_event(now);
                self.ask(now);
            }
            Event::PushReceived => {
                self.pushed = true;
                self.ask(now + spread(entropy));
            }
            Event::Background | Event::LowPower(_) => {}
        }
    }

    /// A network came, or another one.
    pub fn connected(&mut self, now: Duration, entropy: &dyn Entropy) {
        self.reset_backoff_for_event(now);
        self.ask(now + spread(entropy));
    }

    /// The network has gone. What events have asked for is asked for anew when one comes, and not in the very moment in which it does.
    pub fn disconnected(&mut self) {
        self.event_at = None;
    }

    /// Clears the back-off: what failed may work now.
    fn reset_backoff(&mut self) {
        self.failures = 0;
        self.retry_at = None;
        self.signed_out = false;
    }

    /// The same because of an event: its look takes the place of the one that waits for the end of the back-off.
    fn reset_backoff_for_event(&mut self, now: Duration) {
        self.reset_backoff();
        self.look_at = self.look_at.filter(|at| *at <= now);
    }

    /// An event asks for a look at this time. An earlier one stays: events that go on coming do not put it off.
    fn ask(&mut self, at: Duration) {
        let at = self.event_began.map_or(at, |began| at.max(began + EVENT_PAUSE));
        self.event_at = Some(self.event_at.map_or(at, |earlier| earlier.min(at)));
    }

    /// A cycle is starting: it covers all that was written and asked so far. Returns why it runs if no caller asked for it.
    pub fn begin(&mut self, now: Duration) -> SyncReason {
        if self.event_at.is_some() {
            self.event_began = Some(now);
        }
        let pushed = std::mem::take(&mut self.pushed);
        (self.write_at, self.look_at, self.event_at, self.due_at, self.looked) = (None, None, None, None, None);
        match (pushed, self.poll_interval.in_background()) {
            (true, _) => SyncReason::Push,
            (false, true) => SyncReason::Background,
            (false, false) => SyncReason::Foreground,
        }
    }

    /// A cycle went well. `due_in`: when the next waiting operation may go.
    pub fn succeeded(&mut self, now: Duration, entropy: &dyn Entropy, due_in: Option<Duration>) {
        self.reset_backoff();
        self.asked_at = None;
        self.looked = Some((now, jitter(entropy)));
        self.due_at = due_in.map(|wait| now + wait);
    }

    /// A background slice ended before its work did. In the background the next slice goes on with it, or the interval; else it goes on at
    /// once.
    pub fn cut(&mut self, now: Duration, entropy: &dyn Entropy) {
        if self.poll_interval.in_background() {
            self.looked = Some((now, jitter(entropy)));
        } else {
            self.look_at = Some(now);
        }
    }

    /// A cycle failed.
    pub fn failed(&mut self, now: Duration, config: &SyncConfig, entropy: &dyn Entropy, error: &Error) {
        match error.code() {
            // No request was made, and none will be until the app does something about it.
            ErrorCode::SignedOut | ErrorCode::AccountMismatch => {
                self.signed_out = true;
                return;
            }
            ErrorCode::Unauthorized | ErrorCode::UpgradeRequired => {
                let at = now + REFUSED_PAUSE.mul_f64(jitter(entropy));
                (self.retry_at, self.look_at) = (Some(at), Some(at));
                return;
            }
            _ => {}
        }
        self.failures = self.failures.saturating_add(1);
        let own = config.retry.delay(self.failures, entropy);
        let wait = match error {
            // The server's wait counts, with jitter after it so that devices do not all come back at once.
            Error::Busy { retry_after: Some(asked), .. } => {
                let wait = *asked + own.min(Duration::from_secs(1));
                self.asked_at = Some(now + wait);
                wait
            }
            _ => own,
        };
        self.retry_at = Some(now + wait);
        self.look_at = Some(now + wait);
    }
}

/// 5 % less or more.
fn jitter(entropy: &dyn Entropy) -> f64 {
    0.95 + 0.1 * entropy.fraction()
}

fn spread(entropy: &dyn Entropy) -> Duration {
    STAMPEDE.mul_f64(entropy.fraction())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::SystemEntropy;

    const NOW: Duration = Duration::from_secs(1_000);
    const SECOND: Duration = Duration::from_secs(1);

    fn offline() -> Error {
        Error::network(ErrorCode::Offline, "x")
    }

    fn busy(seconds: u64) -> Error {
        let retry_after = Some(Duration::from_secs(seconds));
        Error::Busy { code: ErrorCode::RateLimited, message: String::new(), retry_after }
    }

    /// On Wi-Fi, with the default settings.
    fn next(schedule: &Schedule) -> Option<Duration> {
        schedule.next(&SyncConfig::default(), Network::Unmetered)
    }

    fn in_step() -> Schedule {
        let mut schedule = Schedule::start(NOW);
        schedule.begin(NOW);
        schedule.succeeded(NOW, &SystemEntropy, None);
        schedule
    }

    #[test]
    fn f08_after_a_failure_a_time_is_set_without_any_further_call() {
        let config = SyncConfig::default();
        let mut schedule = Schedule::start(NOW);
        assert_eq!(next(&schedule), Some(NOW));
        for failure in 0..100 {
            schedule.begin(NOW);
            schedule.failed(NOW, &config, &SystemEntropy, &offline());
            let next = next(&schedule).unwrap();
            assert!(next > NOW && next <= NOW + config.retry.cap, "{failure}: {next:?}");
        }
        schedule.retry_now(NOW);
        assert_eq!(next(&schedule), Some(NOW));
    }

    #[test]
    fn a_write_during_back_off_does_not_hurry_it_and_typing_does_not_delay_for_ever() {
        let config = SyncConfig::default();
        let mut schedule = Schedule::start(NOW);
        schedule.begin(NOW);
        schedule.failed(NOW, &config, &SystemEntropy, &offline());
        let retry = next(&schedule).unwrap();
        schedule.wrote(NOW, Duration::ZERO);
        assert_eq!(next(&schedule), Some(retry));

        let mut schedule = Schedule::default();
        schedule.wrote(NOW, config.debounce);
        schedule.wrote(NOW + config.debounce / 2, config.debounce);
        assert_eq!(next(&schedule), Some(NOW + config.debounce));
    }

    #[test]
    fn the_server_may_ask_for_longer_and_a_sign_in_stops_the_clock() {
        let config = SyncConfig::default();
        let mut schedule = Schedule::start(NOW);
        schedule.begin(NOW);
        schedule.failed(NOW, &config, &SystemEntropy, &busy(120));
        assert!(next(&schedule).unwrap() >= NOW + Duration::from_secs(120));
        schedule.failed(NOW, &config, &SystemEntropy, &Error::auth(ErrorCode::SignedOut, "x"));
        assert_eq!(next(&schedule), None);
    }

    #[test]
    fn core_v7_after_the_servers_401_it_asks_every_few_minutes() {
        let config = SyncConfig::default();
        for code in [ErrorCode::Unauthorized, ErrorCode::UpgradeRequired] {
            let mut schedule = in_step();
            schedule.begin(NOW);
            schedule.failed(NOW, &config, &SystemEntropy, &Error::auth(code, "x"));
            schedule.wrote(NOW, SECOND);
            let wait = next(&schedule).unwrap() - NOW;
            assert!((250 * SECOND..=330 * SECOND).contains(&wait), "{wait:?}");
        }
    }

    #[test]
    fn an_event_ends_our_own_back_off_but_not_the_wait_that_the_server_asked_for() {
        let config = SyncConfig::default();
        for event in [Event::Launched, Event::Foreground] {
            let mut schedule = in_step();
            schedule.begin(NOW);
            schedule.failed(NOW, &config, &SystemEntropy, &offline());
            schedule.report(NOW, event, &SystemEntropy);
            assert!(next(&schedule).unwrap() <= NOW + SECOND, "{event:?}");
            schedule.begin(NOW);
            schedule.failed(NOW, &config, &SystemEntropy, &busy(120));
            schedule.report(NOW, event, &SystemEntropy);
            schedule.connected(NOW, &SystemEntropy);
            assert!(next(&schedule).unwrap() >= NOW + 120 * SECOND, "{event:?}");
        }
        let mut schedule = in_step();
        schedule.begin(NOW);
        schedule.failed(NOW, &config, &SystemEntropy, &offline());
        let retry = next(&schedule);
        for event in [Event::PushReceived, Event::Background, Event::LowPower(true)] {
            schedule.report(NOW, event, &SystemEntropy);
            assert_eq!(next(&schedule), retry, "{event:?} says nothing of the network");
        }
        schedule.connected(NOW, &SystemEntropy);
        assert!(next(&schedule).unwrap() <= NOW + SECOND);
    }

    #[test]
    fn a_storm_of_events_is_one_cycle_a_second_whether_or_not_the_server_works() {
        for works in [true, false] {
            let begun = storm(works);
            assert!(begun.windows(2).all(|pair| pair[1] - pair[0] >= SECOND), "{begun:?}");
            assert!((9..=10).contains(&begun.len()), "{begun:?}");
        }
    }

    /// When cycles begin in ten seconds with a thousand events each.
    fn storm(works: bool) -> Vec<Duration> {
        let (mut schedule, mut now, mut begun) = (in_step(), NOW, Vec::new());
        while now < NOW + 10 * SECOND {
            for event in [Event::Foreground, Event::PushReceived, Event::Launched, Event::Background] {
                schedule.report(now, event, &SystemEntropy);
            }
            schedule.connected(now, &SystemEntropy);
            if next(&schedule).is_some_and(|at| at <= now) {
                schedule.begin(now);
                match works {
                    true => schedule.succeeded(now, &SystemEntropy, None),
                    false => schedule.failed(now, &SyncConfig::default(), &SystemEntropy, &offline()),
                }
                begun.push(now);
            }
            now += Duration::from_millis(1);
        }
        begun
    }

    #[test]
    fn a_change_of_the_pace_counts_from_the_last_look() {
        let mut schedule = in_step();
        let within = |at: Option<Duration>, seconds: f64| {
            let wait = (at.unwrap() - NOW).as_secs_f64();
            assert!((0.95 * seconds..=1.05 * seconds).contains(&wait), "{wait} s, not {seconds} s");
        };
        within(next(&schedule), 900.0);
        schedule.report(NOW, Event::Foreground, &SystemEntropy);
        schedule.begin(NOW);
        schedule.succeeded(NOW, &SystemEntropy, None);
        within(next(&schedule), 5.0);
        within(schedule.next(&SyncConfig::default(), Network::Metered), 30.0);
        assert_eq!(schedule.next(&SyncConfig::default(), Network::Offline), None);
        schedule.report(NOW, Event::LowPower(true), &SystemEntropy);
        within(next(&schedule), 20.0);
        schedule.report(NOW, Event::Background, &SystemEntropy);
        within(next(&schedule), 3_600.0);
    }

    #[test]
    fn a_cut_slice_is_gone_on_with_at_once_unless_the_app_is_in_the_background() {
        let mut schedule = in_step();
        schedule.wrote(NOW, SECOND);
        schedule.begin(NOW);
        schedule.cut(NOW, &SystemEntropy);
        assert_eq!(next(&schedule), Some(NOW));
        schedule.report(NOW, Event::Background, &SystemEntropy);
        schedule.begin(NOW);
        schedule.cut(NOW, &SystemEntropy);
        assert!(next(&schedule).unwrap() > NOW + 800 * SECOND);
    }

    #[test]
    fn the_server_learns_why_it_is_asked() {
        let mut schedule = in_step();
        assert_eq!(schedule.begin(NOW), SyncReason::Foreground);
        schedule.report(NOW, Event::Background, &SystemEntropy);
        assert_eq!(schedule.begin(NOW), SyncReason::Background);
        schedule.report(NOW, Event::PushReceived, &SystemEntropy);
        assert_eq!((schedule.begin(NOW), schedule.begin(NOW)), (SyncReason::Push, SyncReason::Background));
    }
}

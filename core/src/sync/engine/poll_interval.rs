//! How often to look for changes of others.

use super::config::SyncConfig;
use crate::platform::{Event, Network};
use std::time::Duration;

/// No interval is longer, whether the app or the server asks for it.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);
/// What a server may ask for at most: a mistake of its operator must not silence devices for good.
const LONGEST_SUGGESTION: Duration = Duration::from_secs(86_400);

/// Whether the app is on the screen, as far as the host has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Life {
    #[default]
    Unknown,
    Foreground,
    Background,
}

/// What decides the interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::sync) struct PollInterval {
    life: Life,
    low_power: bool,
    /// The server's last word on it.
    suggested: Duration,
}

impl PollInterval {
    /// Takes in what an event says of the app and the device.
    pub fn note(&mut self, event: Event) {
        match event {
            Event::Foreground => self.life = Life::Foreground,
            Event::Background => self.life = Life::Background,
            Event::LowPower(low_power) => self.low_power = low_power,
            // The system may launch a process, or deliver a push message to it, while the app is not on the screen.
            Event::Launched | Event::PushReceived => {}
        }
    }

    /// The server asks not to be asked more often than this.
    pub fn suggest(&mut self, interval: Duration) {
        self.suggested = interval.min(LONGEST_SUGGESTION);
    }

    /// Whether the host has said that the app is not on the screen.
    pub fn in_background(&self) -> bool {
        self.life == Life::Background
    }

    /// The time from one look to the next, before jitter. `None` if time alone is no reason to look.
    pub fn interval(&self, config: &SyncConfig, network: Network) -> Option<Duration> {
        let base = match (network, self.life) {
            (Network::Offline, _) => return None,
            (_, Life::Unknown | Life::Background) => config.interval,
            (Network::Unmetered, Life::Foreground) => config.foreground_interval,
            (Network::Metered, Life::Foreground) => config.foreground_metered_interval.max(config.foreground_interval),
        };
        let factor = if self.low_power { config.low_power_factor.max(1) } else { 1 };
        Some(base.saturating_mul(factor).max(self.suggested).min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(events: &[Event], network: Network) -> Option<u64> {
        let mut poll_interval = PollInterval::default();
        events.iter().for_each(|event| poll_interval.note(*event));
        poll_interval.interval(&SyncConfig::default(), network).map(|interval| interval.as_secs())
    }

    #[test]
    fn who_looks_at_the_app_sees_changes_soon_and_who_does_not_pays_nothing_for_it() {
        use Event::{Background, Foreground, Launched, LowPower, PushReceived};
        use Network::{Metered, Offline, Unmetered};
        for (events, network, expected) in [
            (&[][..], Unmetered, Some(900)),
            (&[Launched, PushReceived], Unmetered, Some(900)),
            (&[Foreground], Unmetered, Some(5)),
            (&[Foreground], Metered, Some(30)),
            (&[Foreground], Offline, None),
            (&[Foreground, Background], Unmetered, Some(900)),
            (&[Foreground, LowPower(true)], Unmetered, Some(20)),
            (&[LowPower(true), Foreground], Metered, Some(120)),
            (&[LowPower(true)], Unmetered, Some(3_600)),
            (&[Foreground, LowPower(true), LowPower(false)], Unmetered, Some(5)),
        ] {
            assert_eq!(seconds(events, network), expected, "{events:?} on {network:?}");
        }
    }

    #[test]
    fn the_server_may_ask_for_more_patience_never_for_less_and_not_for_ever() {
        let config = SyncConfig::default();
        let mut poll_interval = PollInterval::default();
        poll_interval.note(Event::Foreground);
        for (suggested, expected) in [(300, 300), (1, 5), (u64::MAX, 86_400), (0, 5)] {
            poll_interval.suggest(Duration::from_secs(suggested));
            assert_eq!(poll_interval.interval(&config, Network::Unmetered), Some(Duration::from_secs(expected)));
        }
        let config = SyncConfig { foreground_interval: Duration::from_secs(60), ..config };
        assert_eq!(
            poll_interval.interval(&config, Network::Metered),
            Some(Duration::from_secs(60)),
            "metered is never quicker"
        );
    }
}

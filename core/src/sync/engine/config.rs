//! The settings of the engine.

use crate::outbox::RetryPolicy;
use std::time::Duration;

/// How the client syncs by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SyncConfig {
    /// Whether it syncs by itself at all: after writes, at the host's events, when a network comes, after failures, and periodically. Else
    /// only when asked.
    pub automatic: bool,
    /// How long it waits after a write for more of them. 300 ms.
    pub debounce: Duration,
    /// How often it looks for changes of others in the background, and where the host reports no life of the app. 15 minutes. This and the
    /// other intervals have 5 % of jitter in either direction.
    pub interval: Duration,
    /// The same while the app is on the screen and the network is unmetered. 5 seconds.
    pub foreground_interval: Duration,
    /// The same on a metered network, where it is never shorter than on an unmetered one. 30 seconds.
    pub foreground_metered_interval: Duration,
    /// How many times longer every interval is while the device saves energy. 4.
    pub low_power_factor: u32,
    /// When it tries again after a failure.
    pub retry: RetryPolicy,
    /// Operations in one request. 1,000.
    pub batch: usize,
    /// Documents in one page. 5,000.
    pub page: u32,
    /// Whether operations go in one order for all documents: one that is parked, in a conflict, or waiting stops all that were made after it.
    /// Off: it stops its own document, and what refers to that.
    pub ordered: bool,
}

impl Default for SyncConfig {
    fn default() -> Self {
        Self {
            automatic: true,
            debounce: Duration::from_millis(300),
            interval: Duration::from_secs(900),
            foreground_interval: Duration::from_secs(5),
            foreground_metered_interval: Duration::from_secs(30),
            low_power_factor: 4,
            retry: RetryPolicy::default(),
            batch: 1_000,
            page: 5_000,
            ordered: false,
        }
    }
}

//! Sizes, times and numbers of things.

use super::{ConfigError, within};
use crate::model::{ClientVersion, CollectionName};
pub use holm_protocol::limits::Limits;
use ipnet::IpNet;
use serde::Deserialize;
use std::net::IpAddr;
use std::time::Duration;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const MIB: usize = 1 << 20;

/// Refuses limits that contradict each other or that the server could not keep.
pub(super) fn validate(limits: &Limits) -> Result<(), ConfigError> {
    within("limits.max_batch_ops", limits.max_batch_ops, 1..=100_000)?;
    within("limits.max_body_bytes", limits.max_body_bytes, 1024..=256 * MIB)?;
    within("limits.max_batch_bytes", limits.max_batch_bytes, 1024..=limits.max_body_bytes)?;
    within("limits.max_record_bytes", limits.max_record_bytes, 64..=limits.max_body_bytes)?;
    within("limits.max_page_records", limits.max_page_records, 1..=100_000)?;
    // The reply to a push has twice as much, and Holm's client reads 32 MiB.
    within("limits.max_page_bytes", limits.max_page_bytes, 1024..=15 * MIB)?;
    within("limits.max_inflate_ratio", limits.max_inflate_ratio, 1..=10_000)?;
    // Stored records are read back with a parser that stops at 128, inside of the body of a request.
    within("limits.max_json_depth", limits.max_json_depth, 4..=100)?;
    within("limits.max_members", limits.max_members, 16..=1_000_000)?;
    within("limits.max_patch_ops", limits.max_patch_ops, 1..=1_000_000)?;
    within("limits.max_list_offset", limits.max_list_offset, 0..=1_000_000)?;
    within("limits.max_streams", limits.max_streams, 1..=10_000)?;
    within("limits.max_fetch_ids", limits.max_fetch_ids, 1..=10_000)
}

/// How the server answers syncing devices.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyncSettings {
    /// The collection of an operation that names none.
    pub default_collection: String,
    /// Seconds between syncs that the server asks for.
    #[serde(alias = "suggestedSyncInterval")]
    pub suggested_sync_interval: u32,
    /// Rows of `deltaUpdates` in the reply to a push.
    pub max_delta_rows: usize,
    /// Accepted operations that share a transaction. A crash leaves a prefix that ends at such a boundary.
    pub transaction_ops: usize,
    /// How far ahead of the server's clock a device's stamp may be, in seconds.
    pub max_clock_ahead_seconds: u32,
    /// Apps below this version may only bring what they have queued. Absent: every version is served.
    #[serde(alias = "minSupportedClientVersion")]
    pub min_client_version: Option<String>,
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self {
            default_collection: "tasks".to_owned(),
            // The interval that a device has by itself in the foreground. An operator may ask for a longer one.
            suggested_sync_interval: 5,
            max_delta_rows: 200,
            transaction_ops: 1000,
            max_clock_ahead_seconds: 300,
            min_client_version: None,
        }
    }
}

impl SyncSettings {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        CollectionName::parse(&self.default_collection)
            .map_err(|e| ConfigError::value("sync.default_collection", e.to_string()))?;
        within("sync.suggested_sync_interval", self.suggested_sync_interval, 1..=86_400)?;
        within("sync.max_delta_rows", self.max_delta_rows, 1..=10_000)?;
        within("sync.transaction_ops", self.transaction_ops, 1..=100_000)?;
        within("sync.max_clock_ahead_seconds", self.max_clock_ahead_seconds, 0..=86_400)?;
        match self.min_client_version.as_deref().map(ClientVersion::parse) {
            Some(None) => Err(ConfigError::value("sync.min_client_version", "must be a version such as \"1.4.0\"")),
            _ => Ok(()),
        }
    }

    /// How far ahead of the server's clock a stamp may be.
    pub(crate) fn max_clock_ahead_ms(&self) -> i64 {
        i64::from(self.max_clock_ahead_seconds) * 1000
    }
}

/// How long things are kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Days after which a tombstone goes. A device that was away for longer starts its copy anew.
    pub tombstone_days: u32,
    /// The longest time a device may be offline and still have its repeated writes recognised, in days.
    pub max_offline_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { tombstone_days: 90, max_offline_days: 180 }
    }
}

impl Retention {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        within("retention.tombstone_days", self.tombstone_days, 1..=36_500)?;
        within("retention.max_offline_days", self.max_offline_days, 1..=36_500)
    }

    pub(crate) fn tombstone_ms(&self) -> i64 {
        i64::from(self.tombstone_days) * DAY_MS
    }

    pub(crate) fn max_offline_ms(&self) -> i64 {
        i64::from(self.max_offline_days) * DAY_MS
    }
}

/// How the process itself runs. Without effect on a server that is embedded in memory, except for the compression level.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Runtime {
    /// Connections that answer reads.
    pub readers: usize,
    /// Requests that may wait for the database before new ones are turned away with `SERVICE_UNAVAILABLE`.
    pub max_waiting: usize,
    /// Milliseconds that one piece of a request's work may keep a thread of the database. Work that exceeds them is undone with `TIMEOUT`. A push
    /// commits what it has done after a hundredth of them, a thousandth where other work waits, and goes on when other accounts had their turn.
    pub work_budget_ms: u32,
    /// Open connections. One more closes the oldest that has no request under way, or is closed itself.
    pub max_connections: usize,
    /// The same of one address.
    pub max_connections_by_address: usize,
    /// Proxies: networks such as `10.0.0.0/8` or single addresses. Their connections are not counted by address, and the last address in their `X-Forwarded-For` is the client's.
    pub trusted_proxies: Vec<String>,
    /// Origins, such as `https://app.example.org`, whose pages may call from a browser; `*` alone: all. Apps for phones need none.
    pub cors_origins: Vec<String>,
    /// Seconds in which a connection must bring the whole header of its next request, idle time included.
    pub header_timeout_seconds: u32,
    /// Seconds in which a client must begin to take a reply; after that it must take at least 1 KiB each second.
    pub write_timeout_seconds: u32,
    /// Seconds after which a request is given up with `TIMEOUT`.
    pub request_timeout_seconds: u32,
    /// Seconds that a shutdown goes on serving while `/readyz` says that the server is not ready. 0 where no balancer asks.
    pub drain_seconds: u32,
    /// Seconds that a shutdown then waits for requests under way.
    pub shutdown_grace_seconds: u32,
    /// Seconds between two rounds of cleaning up.
    pub maintenance_seconds: u32,
    /// gzip level of replies, 1 (fast) to 9 (small).
    pub gzip_level: u32,
}

impl Default for Runtime {
    fn default() -> Self {
        Self {
            readers: 4,
            max_waiting: 1024,
            work_budget_ms: 5_000,
            max_connections: 4_096,
            max_connections_by_address: 512,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            header_timeout_seconds: 20,
            write_timeout_seconds: 15,
            // Less than clients wait, so that they learn why.
            request_timeout_seconds: 50,
            drain_seconds: 0,
            shutdown_grace_seconds: 10,
            maintenance_seconds: 300,
            // Within 4 % of what level 6 gives for records, in two thirds of the time.
            gzip_level: 4,
        }
    }
}

impl Runtime {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        within("server.readers", self.readers, 1..=64)?;
        within("server.max_waiting", self.max_waiting, 1..=1_000_000)?;
        for proxy in &self.trusted_proxies {
            if network(proxy).is_none() {
                return Err(ConfigError::value(
                    "server.trusted_proxies",
                    format!("{proxy:?} is no network or address"),
                ));
            }
        }
        for origin in &self.cors_origins {
            if !is_origin(origin) && self.cors_origins != ["*"] {
                let fault = format!("{origin:?} is no origin such as \"https://app.example.org\"");
                return Err(ConfigError::value("server.cors_origins", fault));
            }
        }
        within("server.work_budget_ms", self.work_budget_ms, 50..=600_000)?;
        within("server.max_connections", self.max_connections, 1..=1_000_000)?;
        within("server.max_connections_by_address", self.max_connections_by_address, 1..=1_000_000)?;
        within("server.header_timeout_seconds", self.header_timeout_seconds, 1..=3600)?;
        within("server.write_timeout_seconds", self.write_timeout_seconds, 1..=3600)?;
        within("server.request_timeout_seconds", self.request_timeout_seconds, 1..=3600)?;
        within("server.drain_seconds", self.drain_seconds, 0..=3600)?;
        within("server.shutdown_grace_seconds", self.shutdown_grace_seconds, 0..=3600)?;
        within("server.maintenance_seconds", self.maintenance_seconds, 1..=86_400)?;
        within("server.gzip_level", self.gzip_level, 1..=9)
    }

    /// The networks of trusted proxies.
    pub(crate) fn proxies(&self) -> Vec<IpNet> {
        self.trusted_proxies.iter().filter_map(|text| network(text)).collect()
    }

    pub(crate) fn work_budget(&self) -> Duration {
        Duration::from_millis(self.work_budget_ms.into())
    }

    pub(crate) fn header_timeout(&self) -> Duration {
        Duration::from_secs(self.header_timeout_seconds.into())
    }

    pub(crate) fn write_timeout(&self) -> Duration {
        Duration::from_secs(self.write_timeout_seconds.into())
    }

    pub(crate) fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds.into())
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_seconds.into())
    }

    pub(crate) fn shutdown_grace(&self) -> Duration {
        Duration::from_secs(self.shutdown_grace_seconds.into())
    }

    pub(crate) fn maintenance_interval(&self) -> Duration {
        Duration::from_secs(self.maintenance_seconds.into())
    }
}

/// A scheme and a host, as browsers write them (RFC 6454, section 6.2).
fn is_origin(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text)
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

//! What one account may have.

use super::{ConfigError, within};
use serde::Deserialize;

/// What one account may have. A request for more is refused with `QUOTA_EXCEEDED`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quotas {
    /// Live records. Tombstones may be four times as many besides.
    pub records: i64,
    /// Bytes of live records' JSON.
    pub bytes: i64,
    /// Collections that were ever written.
    pub streams: i64,
    /// Devices that have written in the last 30 days.
    pub devices: i64,
    /// Sign-ins that were used in the last 30 days.
    pub sessions: i64,
    /// Pushed operations whose results are kept for repeats: those of the maximum offline time.
    pub operations: i64,
    /// Bytes of replies that are kept for repeats of plain writes. Beyond them the oldest are forgotten.
    pub reply_bytes: i64,
    /// Bytes of calls of actions and their results, which are kept for the maximum offline time.
    pub job_bytes: i64,
    /// The address of a page where more can be had. Told with every `QUOTA_EXCEEDED`.
    pub upgrade_url: Option<String>,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            records: 1_000_000,
            bytes: 2 << 30,
            streams: 1_000,
            devices: 200,
            sessions: 200,
            operations: 5_000_000,
            reply_bytes: 16 << 20,
            job_bytes: 64 << 20,
            upgrade_url: None,
        }
    }
}

impl Quotas {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let many = 1 << 40;
        within("quotas.records", self.records, 1..=many)?;
        within("quotas.bytes", self.bytes, 1..=many)?;
        // All streams are told in one reply.
        within("quotas.streams", self.streams, 1..=10_000)?;
        within("quotas.devices", self.devices, 1..=1_000_000)?;
        within("quotas.sessions", self.sessions, 1..=1_000_000)?;
        within("quotas.operations", self.operations, 1..=many)?;
        within("quotas.job_bytes", self.job_bytes, 1024..=many)?;
        within("quotas.reply_bytes", self.reply_bytes, 1024..=many)
    }

    /// Live records and tombstones together.
    pub(crate) fn rows(&self) -> i64 {
        self.records.saturating_mul(5)
    }
}

//! What a sync did.

use std::time::Duration;

/// What one cycle did, for figures and for a status line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncReport {
    /// Operations that the server accepted.
    pub pushed: u64,
    /// States taken from the server.
    pub pulled: u64,
    /// Conflicts met, however they were resolved.
    pub conflicts: u64,
    /// Operations that the server refused and that are parked now.
    pub parked: u64,
    /// HTTP requests.
    pub requests: u64,
    /// Bytes sent: whole messages, as HTTP/1.1 counts them.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
    /// How long it took.
    pub duration: Duration,
}

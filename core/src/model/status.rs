//! How a document, and the client as a whole, stand with the server.

use crate::error::Error;
use std::fmt;

/// How a document stands with the server. Derived from its operations, never stored beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyncStatus {
    /// The server has all of it.
    Synced,
    /// Made here, not yet on the server.
    PendingCreate,
    /// Changed here, not yet on the server.
    PendingUpdate,
    /// Deleted here, not yet on the server; hidden from queries.
    PendingDelete,
    /// On its way: a request that carries it is out.
    Syncing,
    /// The server refused a write; it is parked and waits for a decision.
    Failed,
    /// Changed here and on the server in ways that only a person can join.
    Conflict,
}

impl SyncStatus {
    /// The name on every language's side: `synced`, `pendingCreate`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::PendingCreate => "pendingCreate",
            Self::PendingUpdate => "pendingUpdate",
            Self::PendingDelete => "pendingDelete",
            Self::Syncing => "syncing",
            Self::Failed => "failed",
            Self::Conflict => "conflict",
        }
    }

    /// Whether the server lacks something of it.
    pub const fn needs_sync(self) -> bool {
        !matches!(self, Self::Synced)
    }
}

impl fmt::Display for SyncStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the sync engine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Phase {
    /// Nothing to do, or waiting for a trigger.
    #[default]
    Idle,
    /// Reading changes from the server.
    Pulling,
    /// Sending operations.
    Pushing,
    /// The host says that there is no network.
    Offline,
    /// The last round failed; the next one is timed.
    Waiting,
    /// The server wants a sign-in.
    SignedOut,
    /// Files and sockets are closed until `resume`.
    Suspended,
    /// Closed for good.
    Closed,
}

impl Phase {
    /// The name on every language's side: `idle`, `pulling`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Pulling => "pulling",
            Self::Pushing => "pushing",
            Self::Offline => "offline",
            Self::Waiting => "waiting",
            Self::SignedOut => "signedOut",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
        }
    }
}

/// How far the running sync has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Documents applied and operations settled so far.
    pub done: u64,
    /// How many there are in all, where the server said.
    pub total: Option<u64>,
}

/// One snapshot of the client's state for a status bar.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SyncState {
    /// What the engine is doing.
    pub phase: Phase,
    /// Operations that will be sent: queued or on their way.
    pub pending: u64,
    /// Operations that the server refused and that wait for a decision.
    pub failed: u64,
    /// Documents whose conflict the app has not resolved yet.
    pub conflicts: u64,
    /// Operations among the pending ones that wait for a time of their own after a failure. A sync that is asked for tries them at once.
    pub deferred: u64,
    /// Records that the server has and this build cannot read, and collections that it refuses: see [`SyncReport::set_aside`](crate::SyncReport::set_aside).
    pub set_aside: u64,
    /// When everything was last in step with the server; server time, ms since 1970.
    pub last_sync_ms: Option<i64>,
    /// Progress of the running sync.
    pub progress: Option<Progress>,
    /// Why the last round failed, if it did.
    pub last_error: Option<Error>,
}

//! One write on its way to the server.

use super::{Changes, Fields, Hlc, OpId, Version};
use serde::{Deserialize, Serialize};

/// What a write does. The intent lives here and not in the document's row: a create that failed is still a create.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpKind {
    /// Makes the document.
    Create,
    /// Changes fields of it.
    Update,
    /// Deletes it.
    Delete,
}

impl OpKind {
    /// The name on every side: `create`, `update`, `delete`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// Where an operation is.
///
/// ```text
///            lease                 applied, overridden, discarded
/// Queued ───────────► InFlight ───────────────────────────────────► gone
///   ▲  ▲                 │  │  └─ refused for good ─► Parked ── discard ─► gone
///   │  └── no answer ────┘  └──── needs a person ───► InConflict ── resolve ─► Queued or gone
///   └────────────────────────────── retry ───────────── Parked
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpState {
    /// Waits for its turn.
    Queued,
    /// Leased to the request that is out. A restart makes it queued again.
    InFlight,
    /// Refused by the server; waits for retry or discard.
    Parked,
    /// Its document has a conflict that waits for a person.
    InConflict,
}

impl OpState {
    /// The name on every side: `queued`, `inFlight`, `parked`, `conflict`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InFlight => "inFlight",
            Self::Parked => "parked",
            Self::InConflict => "conflict",
        }
    }
}

/// Why an operation was refused the last time it was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpError {
    /// The server's code, or one of ours.
    pub code: String,
    /// The message, as the server gave it.
    pub message: String,
    /// The server's `details` by field, if it gave some.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub details: Fields,
}

/// One entry of the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Its place in the order of this device. Rises, never reused.
    pub op_seq: i64,
    /// Its idempotency key.
    pub op_id: OpId,
    /// The document's row in this store.
    pub document: i64,
    /// The collection's number in this store.
    pub collection: i64,
    /// The document.
    pub doc_id: String,
    /// What it does.
    pub kind: OpKind,
    /// Where it is.
    pub state: OpState,
    /// Whether a request that carried it ever went out. Then its content is frozen: the server may know it.
    pub sent: bool,
    /// The server's version that the user saw when the write was made; none for a document unknown there.
    pub base_version: Option<Version>,
    /// An update: what it changes. A create: none while the document's own content is what will be sent.
    pub changes: Option<Changes>,
    /// An update: the touched fields as the user saw them before.
    pub before: Fields,
    /// When it was made.
    pub hlc: Hlc,
    /// All operations of a group are accepted together or not at all.
    pub group: Option<String>,
    /// How often the server has answered it with an error that is its own.
    pub attempts: u32,
    /// How often a conflict of it was resolved and it was sent again.
    pub rounds: u32,
    /// Not before this time of the device, ms since 1970.
    pub next_attempt_ms: i64,
    /// Why it failed last.
    pub error: Option<OpError>,
    /// Operations that were joined to it after they had ids of their own: what becomes of it becomes of them.
    pub absorbed: Vec<OpId>,
}

impl Operation {
    /// Whether later writes may still be joined to it: it is queued and no request has ever carried it.
    pub fn is_open(&self) -> bool {
        self.state == OpState::Queued && !self.sent
    }
}

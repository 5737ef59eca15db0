//! What the server said about an operation, and what became of a write.

use super::{OpError, RemoteChange, Version};

/// What the server said about one operation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// The server has it.
    Applied {
        version: Option<Version>,
        seq: Option<i64>,
        updated_ms: Option<i64>,
        /// The whole document, if it is not what the device can compute.
        record: Option<RemoteChange>,
        /// The server's own id of the document, if it gave it one.
        server_id: Option<String>,
    },
    /// The action was run; its result.
    Done(serde_json::Value),
    /// The action runs on; the job that tells how it goes.
    Running { job: String },
    /// Another write was there first; the server's state.
    Conflict(RemoteChange),
    /// Refused for good.
    Rejected(OpError),
    /// Not now.
    Deferred(OpError),
    /// Not tried, because another one failed.
    Blocked(OpError),
    /// The answer to a question: no request with this operation has had an effect.
    Unknown,
    /// The server has seen newer operations of this device id: the store was restored or copied.
    Cloned,
}

impl Outcome {
    /// Whether it says what the operation did: later the server says nothing else of it.
    pub fn is_answer(&self) -> bool {
        !matches!(self, Self::Deferred(_) | Self::Running { .. } | Self::Cloned)
    }
}

/// What became of a write: one vocabulary from the database to every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    /// The server has accepted it; the document's version there, if it is known.
    Accepted(Option<Version>),
    /// It was undone before the server had it: its document was deleted again, or its confirmation failed.
    Withdrawn,
    /// A conflict was resolved for the other side; the journal has the values.
    Overridden,
    /// The app gave it up; the journal has the values.
    Discarded,
    /// The server refused it: it is parked and waits for retry or discard.
    Parked,
}

impl WriteOutcome {
    /// The name in every language: `accepted`, `withdrawn`, `overridden`, `discarded`, `parked`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Withdrawn => "withdrawn",
            Self::Overridden => "overridden",
            Self::Discarded => "discarded",
            Self::Parked => "parked",
        }
    }
}

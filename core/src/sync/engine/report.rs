//! What a sync did.

use crate::backend::UnreadableRecord;
use crate::error::{Error, ErrorCode};
use crate::model::{OpId, Operation};
use std::time::Duration;

/// What one cycle did, for figures and for a status line.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SyncReport {
    /// Operations that the server accepted.
    pub pushed: u64,
    /// States taken from the server.
    pub pulled: u64,
    /// Conflicts met, however they were resolved.
    pub conflicts: u64,
    /// Operations that the server refused and that are parked now.
    pub parked: u64,
    /// Operations that wait for a time of their own after a failure, oldest first, at most 100. The server has them not, or not yet.
    pub deferred: Vec<Deferred>,
    /// What the server has and this device could not take. The rest of its collection, and other collections, are in step all the same.
    pub set_aside: Vec<SetAside>,
    /// HTTP requests.
    pub requests: u64,
    /// Bytes sent: whole messages, as HTTP/1.1 counts them.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
    /// How long it took.
    pub duration: Duration,
}

/// An operation that is tried again later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deferred {
    /// The operation.
    pub op_id: OpId,
    /// The code of its last failure: the server's, or one of [`ErrorCode`](crate::ErrorCode).
    pub code: String,
    /// Not before this time of the device, ms since 1970. A call of `sync` tries it at once.
    pub next_attempt_ms: i64,
}

impl From<Operation> for Deferred {
    fn from(op: Operation) -> Self {
        let code = op.error().map(|error| error.code.clone()).unwrap_or_default();
        Self { op_id: op.op_id, code, next_attempt_ms: op.not_before_ms }
    }
}

/// A record that could not be read, or a collection that the server refuses.
#[derive(Debug, Clone, PartialEq)]
pub struct SetAside {
    /// The collection.
    pub collection: String,
    /// The record's id. `None` if it is the whole collection, or if the record's id cannot be read either.
    pub doc_id: Option<String>,
    /// Why.
    pub error: Error,
}

impl SetAside {
    /// A collection that the server refuses. It is asked for again after a pause.
    pub(in crate::sync) fn stream(collection: &str, error: &Error) -> Self {
        Self { collection: collection.to_owned(), doc_id: None, error: error.clone() }
    }

    /// A record that cannot be read.
    pub(in crate::sync) fn record(collection: &str, record: &UnreadableRecord) -> Self {
        let error = Error::network(ErrorCode::InvalidResponse, format!("a record cannot be read: {}", record.why));
        Self { collection: collection.to_owned(), doc_id: record.id.clone(), error }
    }

    /// The code of the reason: the server's own if it gave one.
    pub fn code(&self) -> &str {
        self.error.text_code()
    }
}

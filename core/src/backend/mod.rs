//! What the sync engine asks of a server, whichever kind it is.
//!
//! Invariants:
//! - A page is state, not intent: applying it twice, or an old one after a new one, does no harm.
//! - Every operation of a push has exactly one outcome, in the order of the batch. An exchange that broke has none: all of its
//!   operations are *unknown* and are sent again unchanged.

mod holm;

pub(crate) use holm::HolmBackend;

use crate::error::{Error, ErrorCode};
use crate::model::{Body, Operation, Outcome, RemoteChange};
use crate::net::{Packing, SyncReason};
use crate::time::ServerTime;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// A server.
#[async_trait]
pub(crate) trait Backend: Send + Sync {
    /// Reads changes.
    async fn pull(&self, request: PullRequest) -> Result<PullReply, BackendError>;

    /// Writes the beginning of a push, its operations, before it is the request's turn. Their stamps are converted to the server's time as it is
    /// known now.
    fn begin_push(&self, request: &PushRequest) -> Result<Packing, Error>;

    /// Sends operations. `begun`: what [`begin_push`](Self::begin_push) gave for them, if that still holds.
    async fn push(&self, request: PushRequest, begun: Option<Packing>) -> Result<PushReply, BackendError>;

    /// Reads one document, as it is now.
    async fn fetch(&self, request: FetchRequest) -> Result<FetchReply, BackendError>;
}

/// Every server remembers for at least so long what became of an operation (protocol, section 7.5). What is sent again sooner carries the same
/// bytes each time.
pub(crate) const LEAST_MEMORY_MS: i64 = 24 * 60 * 60 * 1000;

/// Why an exchange failed as a whole.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum BackendError {
    /// The server has forgotten what these collections' cursors stand for (all, if none is named): read them anew.
    Resync(Vec<String>),
    /// The request is too large: send less at once.
    TooLarge(Error),
    /// Anything else.
    Failed(Error),
}

impl BackendError {
    /// The failure of a request that does not go again.
    pub fn into_error(self) -> Error {
        match self {
            Self::Failed(error) | Self::TooLarge(error) => error,
            Self::Resync(_) => cursors_refused(),
        }
    }
}

/// The server refuses cursors again that were read anew because it had refused them.
pub(crate) fn cursors_refused() -> Error {
    Error::network(ErrorCode::InvalidResponse, "the server refuses the cursors that it has just given")
}

impl From<Error> for BackendError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Where to go on reading one collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamPosition {
    pub collection: String,
    pub space: Option<String>,
    pub cursor: Option<String>,
    /// Count and digest of what is here.
    pub holds: Option<(i64, u64)>,
}

impl StreamPosition {
    /// How many bytes it takes in a push, about.
    pub fn wire_bytes(&self) -> usize {
        let parts = [&self.space, &self.cursor].into_iter().flatten().map(String::len);
        self.collection.len() + parts.sum::<usize>() + 8
    }
}

/// A request for changes.
#[derive(Debug, Clone)]
pub(crate) struct PullRequest {
    pub streams: Vec<StreamPosition>,
    /// Whether collections that the app has not named are wanted too.
    pub discover: bool,
    /// Collections that are known here and asked for in other requests: they are not to be discovered.
    pub known: Vec<String>,
    /// Documents at most for each stream.
    pub limit: u32,
    pub context: SyncReason,
}

/// Changes of one collection, in the server's order.
#[derive(Debug, Clone)]
pub(crate) struct StreamPage {
    pub collection: String,
    pub space: Option<String>,
    pub changes: Vec<RemoteChange>,
    /// Records that the page has and this build cannot read.
    pub unreadable: Vec<UnreadableRecord>,
    pub next_cursor: String,
    pub has_more: bool,
    /// Count and digest of all live documents, if the page reaches the head.
    pub integrity: Option<(i64, u64)>,
    /// How many live documents the server has, if it said.
    pub total: Option<u64>,
}

/// A record that cannot be read. What is left of it lets the stream's count and digest agree with the server's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnreadableRecord {
    pub id: Option<String>,
    pub seq: Option<i64>,
    /// What is wrong with it, without content.
    pub why: String,
}

/// Changes, and what else an answer tells.
#[derive(Debug, Clone)]
pub(crate) struct PullReply {
    pub pages: Vec<StreamPage>,
    /// The server's time, if it said.
    pub server_time: Option<ServerTime>,
}

/// A request for one document.
#[derive(Debug, Clone)]
pub(crate) struct FetchRequest {
    pub collection: String,
    pub id: String,
    pub context: SyncReason,
}

/// One document, or that it is gone.
#[derive(Debug, Clone)]
pub(crate) struct FetchReply {
    pub change: RemoteChange,
    /// The server's time, if it said.
    pub server_time: Option<ServerTime>,
}

/// One operation to send, with what it needs beside itself.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub op: Operation,
    pub collection: String,
    /// The server's id of the document, if it is not the local one.
    pub remote_id: Option<String>,
    /// The document's content, for a create that has none of its own.
    pub body: Option<Body>,
}

/// A batch of operations.
#[derive(Debug, Clone)]
pub(crate) struct PushRequest {
    pub operations: Arc<Vec<Outgoing>>,
    /// Only what became of the operations is asked, without their content: nothing takes effect. The outcome of one that the server does
    /// not know is [`Outcome::Unknown`].
    pub asks: bool,
    /// Nothing takes effect after an operation that fails.
    pub ordered: bool,
    /// Where the streams stand, so that the answer can bring what is new.
    pub positions: Vec<StreamPosition>,
    /// Every operation up to this number has ended: the server may forget them.
    pub acknowledged: i64,
    pub context: SyncReason,
}

/// The answer to a batch.
#[derive(Debug, Clone)]
pub(crate) struct PushReply {
    /// One for each operation, in order.
    pub outcomes: Vec<Outcome>,
    /// What is new for the positions of the request.
    pub pages: Vec<StreamPage>,
    /// The server's time, if it said.
    pub server_time: Option<ServerTime>,
    /// How long the server wants the device to wait between two looks, if it said.
    pub suggested_interval: Option<Duration>,
}

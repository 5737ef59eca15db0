//! Holm: the offline-first data core of a mobile app.
//!
//! Local documents, the queue of unsynced writes, conflicts and sync, in one library. The app reads and writes local data only; the engine
//! keeps it in step with a server whenever there is a network.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> holm_core::Result<()> {
//! use holm_core::{Config, Holm, Query};
//! use serde_json::json;
//!
//! let holm = Holm::open(Config::in_memory())?;
//! let tasks = holm.collection("tasks")?;
//! let milk = tasks.create(&json!({"title": "Buy milk", "done": false})).await?;
//! tasks.update(&milk.doc_id, &json!({"done": true})).await?;
//! assert_eq!(tasks.query(&Query::all())?.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! Dependencies point down only, past layers too (`tests/tests/docs/layers.rs` checks it):
//! `client → sync → {repository, backend} → {outbox, cache, auth} → {conflict, net} → device → store → {model, time} → platform`.

mod auth;
mod backend;
mod cache;
mod client;
mod conflict;
mod device;
mod error;
mod model;
mod net;
mod outbox;
mod platform;
mod repository;
mod store;
mod sync;
pub mod testing;
mod time;

pub use auth::{FileSecrets, MemorySecrets, SecretStore, TokenProvider};
pub use cache::{CacheConfig, CachePolicy, CacheStats, Fetch, Fetched, Origin, Refresh};
pub use client::{
    CollectionDump, Config, DocumentDump, Explanation, Holm, PendingOperation, SignOutMode, Stats, Storage,
};
pub use conflict::{FieldRule, Strategy};
pub use error::{Error, ErrorCode, Result};
pub use model::{
    Action, Document, OpError, OpId, Phase, Progress, ResolverFault, SyncState, SyncStatus, Version, WriteOutcome,
};
pub use net::{Request, ReqwestTransport, Response, Transport, TransportError, TransportErrorKind};
pub use outbox::{Conflict, ConflictResolver, Resolution, Resolver, RetryPolicy};
pub use platform::{Clock, Connectivity, Entropy, Event, Network, Sleep, SystemClock, SystemEntropy};
pub use repository::{
    Aggregate, AggregateRow, Collection, CollectionConfig, Consistency, Direction, DocumentList, FieldPath, Filter,
    LiveAggregate, LiveDocument, LiveQuery, LiveQueryCloser, LiveWindow, LiveWindowMover, Page, Query, Receipt,
    Snapshot, Transaction, WindowSnapshot,
};
pub use store::Durability;
pub use store::journal::{JournalEntry, LossReason};
pub use sync::{Deferred, Remaining, SetAside, SliceReport, StateWatch, SyncConfig, SyncReport};

//! Holm's reference sync server: one process, one SQLite file, the whole of `docs/protocol.md`.
//!
//! ```text
//! listen      connections: who may hold one, and for how long          (hyper)
//!   └─ http      routes, envelopes, errors, bodies, compression         (axum)
//!        ├─ auth      accounts, sessions, rate limits
//!        ├─ actions   jobs, handlers, webhooks
//!        └─ sync      decisions, batches, pages, digests
//!             └─ store   one writer with group commit, readers, tables (SQLite)
//!                  └─ model   names, stamps, cursors, patches
//! ```
//!
//! Layers point down only. Effects are injected: [`Clock`] and [`Entropy`] are given to [`Server::open`], and with [`Store::Memory`]
//! every request is served on the task that brings it, so a simulator on virtual time sees the same replies in every run.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use holm_server::{Server, ServerOptions, Store};
//!
//! let server = Server::open(ServerOptions::new(Store::Directory("data".into())))?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! server.run(listener, std::future::pending()).await?;
//! # Ok(()) }
//! ```

mod actions;
mod address;
mod auth;
mod clock;
mod config;
mod entropy;
mod error;
mod executor;
mod http;
mod listen;
mod maintenance;
mod metrics;
mod model;
pub mod operate;
mod outbound;
mod readiness;
mod server;
mod state;
mod store;
mod sync;

pub use actions::{ActionCall, ActionFuture, ActionHandler, ActionOutcome, ActionRefusal, Actions};
pub use clock::{Clock, SystemClock};
pub use config::{
    Accounts, ActionSettings, Argon2Cost, Collection, Config, ConfigError, ConflictPolicy, FieldRule, FieldType,
    IdAssignment, Issuer, Limits, Preconditions, Quotas, RateLimit, Retention, Runtime, StrangerLimits, SyncSettings,
    TokenAlgorithm, Webhook,
};
pub use entropy::{Entropy, EntropyUnavailable, OsEntropy};
pub use maintenance::{Maintenance, MaintenanceError};
pub use server::{Server, ServerOptions, StartError, Store, renew_epoch};
pub use store::{CommitGate, OpenError};

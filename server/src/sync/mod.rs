//! Sync: deciding on writes, and reading what devices lack.
//!
//! Invariants:
//! - [`decide`] is the only place that says whether a write is accepted, and it is a pure function.
//! - [`write_set`] is the only place that gives out versions, sequence numbers and stamps, and keeps counts and digests.
//! - What a reply says about a stream (rows, head, count, digest) comes from one snapshot.
//!
//! ```text
//! plain calls ─► plain ─┐                                  pull, changes, list ─► pull, page ─┐
//!                       ├─► apply ─► decide, then write_set                                   ├─► wire
//! batches ─────► batch ─┘                                  deltaUpdates ────────► delta ──────┘
//! ```

pub(crate) mod ahead;
mod apply;
pub(crate) mod batch;
mod columns;
pub(crate) mod cursors;
mod decide;
pub(crate) mod delta;
pub(crate) mod listing;
mod own_rows;
pub(crate) mod page;
pub(crate) mod plain;
pub(crate) mod plan;
pub(crate) mod pull;
pub(crate) mod refusal;
mod rules;
pub(crate) mod scope;
pub(crate) mod status;
mod stored;
pub(crate) mod wire;
mod write_set;

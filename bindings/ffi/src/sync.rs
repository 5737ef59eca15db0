//! Syncing, and what a sync did.

use crate::cancel::FfiCancel;
use crate::error::{FfiFailure, Result};
use crate::holm::FfiHolm;
use crate::runtime::run_until;
use holm_core::{Deferred, SetAside, SyncReport};
use std::sync::Arc;

/// What a sync did.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
#[allow(missing_docs)] // As in the core's `SyncReport`.
pub struct FfiSyncReport {
    pub pushed: u64,
    pub pulled: u64,
    pub conflicts: u64,
    pub parked: u64,
    pub deferred: Vec<FfiDeferred>,
    pub set_aside: Vec<FfiSetAside>,
    pub requests: u64,
    pub bytes_up: u64,
    pub bytes_down: u64,
    pub duration_ms: u64,
}

impl From<SyncReport> for FfiSyncReport {
    fn from(report: SyncReport) -> Self {
        Self {
            pushed: report.pushed,
            pulled: report.pulled,
            conflicts: report.conflicts,
            parked: report.parked,
            deferred: report.deferred.into_iter().map(Into::into).collect(),
            set_aside: report.set_aside.into_iter().map(Into::into).collect(),
            requests: report.requests,
            bytes_up: report.bytes_up,
            bytes_down: report.bytes_down,
            duration_ms: report.duration.as_millis() as u64,
        }
    }
}

/// An operation that is tried again later.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FfiDeferred {
    /// The operation.
    pub op_id: String,
    /// The code of its last failure: the server's, or one of the core.
    pub code: String,
    /// Not before this time of the device, ms since 1970. A call of `sync` tries it at once.
    pub next_attempt_ms: i64,
}

impl From<Deferred> for FfiDeferred {
    fn from(deferred: Deferred) -> Self {
        let Deferred { op_id, code, next_attempt_ms } = deferred;
        Self { op_id: op_id.to_string(), code, next_attempt_ms }
    }
}

/// A record that could not be read, or a collection that the server refuses.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct FfiSetAside {
    /// The collection.
    pub collection: String,
    /// The record's id. `None` if it is the whole collection, or if the record's id cannot be read either.
    pub doc_id: Option<String>,
    /// Why.
    pub failure: FfiFailure,
}

impl From<SetAside> for FfiSetAside {
    fn from(aside: SetAside) -> Self {
        Self { collection: aside.collection, doc_id: aside.doc_id, failure: aside.error.into() }
    }
}

#[uniffi::export]
impl FfiHolm {
    /// Syncs now.
    pub async fn sync(&self, cancel: Option<Arc<FfiCancel>>) -> Result<FfiSyncReport> {
        let holm = self.holm.clone();
        run_until(cancel, async move { holm.sync().await }).await.map(Into::into)
    }

    /// Syncs one collection.
    pub async fn sync_collection(&self, name: String, cancel: Option<Arc<FfiCancel>>) -> Result<FfiSyncReport> {
        let holm = self.holm.clone();
        run_until(cancel, async move { holm.sync_collection(&name).await }).await.map(Into::into)
    }

    /// Reads one collection anew from its beginning, then syncs it. Queued writes stay queued.
    pub async fn resync_collection(&self, name: String, cancel: Option<Arc<FfiCancel>>) -> Result<FfiSyncReport> {
        let holm = self.holm.clone();
        run_until(cancel, async move { holm.resync_collection(&name).await }).await.map(Into::into)
    }
}

//! Conflicts that wait for a person, and values that lost.

use crate::cancel::FfiCancel;
use crate::error::Result;
use crate::holm::FfiHolm;
use crate::records::FfiReceipt;
use crate::resolution::{FfiConflict, FfiResolution};
use crate::runtime::{run, run_until};
use holm_core::JournalEntry;
use std::sync::Arc;

/// A value that lost. The sides are JSON texts.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
#[allow(missing_docs)] // As in the core's `JournalEntry`.
pub struct FfiJournalEntry {
    pub id: i64,
    pub at_ms: i64,
    pub collection: String,
    pub doc_id: String,
    pub op_id: Option<String>,
    pub reason: String,
    pub fields: Vec<String>,
    pub lost: String,
    pub kept: Option<String>,
}

impl From<JournalEntry> for FfiJournalEntry {
    fn from(entry: JournalEntry) -> Self {
        Self {
            id: entry.id,
            at_ms: entry.at_ms,
            collection: entry.collection,
            doc_id: entry.doc_id,
            op_id: entry.op_id,
            reason: entry.reason.as_str().to_owned(),
            fields: entry.fields,
            lost: entry.lost,
            kept: entry.kept,
        }
    }
}

#[uniffi::export]
impl FfiHolm {
    /// Conflicts that wait for a person.
    pub fn conflicts(&self) -> Result<Vec<FfiConflict>> {
        Ok(self.holm.conflicts()?.into_iter().map(Into::into).collect())
    }

    /// Resolves a conflict.
    pub async fn resolve_conflict(&self, id: i64, resolution: FfiResolution) -> Result<()> {
        let holm = self.holm.clone();
        run(async move { holm.resolve_conflict(id, resolution.into()).await }).await
    }

    /// Values that lost.
    pub fn journal(&self, limit: u32) -> Result<Vec<FfiJournalEntry>> {
        Ok(self.holm.journal(limit)?.into_iter().map(Into::into).collect())
    }

    /// Writes the values of a journal entry back, as a write of now.
    #[uniffi::method(default(cancel = None))]
    pub async fn restore(&self, entry: i64, cancel: Option<Arc<FfiCancel>>) -> Result<FfiReceipt> {
        let holm = self.holm.clone();
        run_until(cancel, async move { holm.restore(entry).await }).await.map(Into::into)
    }
}

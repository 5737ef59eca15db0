//! Writes that commit together.

use holm_core::{Receipt, Transaction};

/// One write of a transaction. Documents and patches are JSON objects as text.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
#[allow(missing_docs)] // As in the core's `Transaction`.
pub enum FfiWrite {
    Create { collection: String, id: Option<String>, json: String },
    Update { collection: String, id: String, patch: String },
    Replace { collection: String, id: String, json: String, based_on: Option<i64> },
    Delete { collection: String, id: String },
}

impl FfiWrite {
    pub(crate) fn apply(&self, tx: &Transaction<'_>) -> holm_core::Result<Receipt> {
        match self {
            Self::Create { collection, id, json } => tx.create_text(collection, id.as_deref(), json),
            Self::Update { collection, id, patch } => tx.update_text(collection, id, patch),
            Self::Replace { collection, id, json, based_on: None } => tx.replace_text(collection, id, json),
            Self::Replace { collection, id, json, based_on: Some(version) } => {
                tx.replace_text_based_on(collection, id, json, *version)
            }
            Self::Delete { collection, id } => tx.delete(collection, id),
        }
    }
}

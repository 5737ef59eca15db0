//! A conflict, and what is decided about it, as the host sees them.

use holm_core::{Conflict, Resolution};

/// A conflict that waits for a person. The sides are JSON texts.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
#[allow(missing_docs)] // As in the core's `Conflict`.
pub struct FfiConflict {
    pub id: i64,
    pub collection: String,
    pub doc_id: String,
    pub fields: Vec<String>,
    pub base: Option<String>,
    pub local: Option<String>,
    pub server: Option<String>,
    pub server_version: Option<i64>,
    pub local_ms: i64,
    pub local_device: String,
    pub server_ms: Option<i64>,
    pub server_device: Option<String>,
    pub detected_ms: i64,
    pub resolver_fault: Option<String>,
}

impl From<Conflict> for FfiConflict {
    fn from(conflict: Conflict) -> Self {
        Self {
            id: conflict.id,
            collection: conflict.collection,
            doc_id: conflict.doc_id,
            fields: conflict.fields,
            base: conflict.base,
            local: conflict.local,
            server: conflict.server,
            server_version: conflict.server_version,
            local_ms: conflict.local_ms,
            local_device: conflict.local_device,
            server_ms: conflict.server_ms,
            server_device: conflict.server_device,
            detected_ms: conflict.detected_ms,
            resolver_fault: conflict.resolver_fault.map(|fault| fault.as_str().to_owned()),
        }
    }
}

/// What a person decides.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum FfiResolution {
    /// What was changed here stands.
    KeepLocal,
    /// The server's document stands.
    KeepServer,
    /// Field by field.
    Merge,
    /// This JSON object stands.
    Document {
        /// The object.
        json: String,
    },
}

impl From<FfiResolution> for Resolution {
    fn from(resolution: FfiResolution) -> Self {
        match resolution {
            FfiResolution::KeepLocal => Self::KeepLocal,
            FfiResolution::KeepServer => Self::KeepServer,
            FfiResolution::Merge => Self::Merge,
            FfiResolution::Document { json } => Self::Document(json),
        }
    }
}

//! The vocabulary: documents, operations, changes, stamps. Plain data, no I/O.

mod changes;
mod document;
mod id;
mod json;
mod limits;
mod operation;
mod remote;
mod status;

pub use changes::{Changes, FieldChange};
pub use document::{Document, Version};
pub use holm_protocol::hlc::Hlc;
pub use id::{DocumentId, OpId, new_uuid, validate_collection};
pub use json::{Body, Fields, RawFields};
pub(crate) use json::{check_view, read_body, read_fields, read_patch};
pub(crate) use limits::{BatchLimits, KnownLimits, OPERATION_BYTES, PublishedLimits};
pub use operation::{OpError, OpKind, OpState, Operation};
pub use remote::{RemoteChange, Stamps};
pub use status::{Phase, Progress, SyncState, SyncStatus};

//! The vocabulary: documents, operations, changes, stamps. Plain data, no I/O.

mod changes;
mod document;
mod hlc;
mod id;
mod json;
mod operation;
mod remote;
mod status;

pub use changes::{Changes, FieldChange};
pub use document::{Document, Version};
pub use hlc::Hlc;
pub use id::{DocumentId, OpId, new_uuid, validate_collection};
pub use json::{Body, Fields, RawFields, parse_object};
pub use operation::{OpError, OpKind, OpState, Operation};
pub use remote::{RemoteChange, Stamps};
pub use status::{Phase, Progress, SyncState, SyncStatus};

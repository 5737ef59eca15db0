//! The vocabulary: documents, operations, changes, stamps. Plain data, no I/O.

mod action;
mod document;
mod id;
mod json;
mod limits;
mod operation;
mod outcome;
mod remote;
mod resolver_fault;
mod seen;
mod status;
mod with_id;

pub use action::Action;
pub use document::{Document, Version};
pub use holm_protocol::change::{Change, ChangeError, Changes, Edit, FieldOp, Path, Stamp, between, same};
pub use holm_protocol::hlc::Hlc;
pub use id::{DocumentId, OpId, new_uuid, validate_collection};
pub use json::{Body, Fields, RawFields};
pub(crate) use json::{check_own_id, check_view, read_body, read_fields, read_patch};
pub(crate) use limits::{BatchLimits, KnownLimits, OPERATION_BYTES, PublishedLimits};
pub(crate) use operation::EXACT_GROUP;
pub use operation::{Illegal, OpError, OpEvent, OpKind, OpState, Operation};
pub(crate) use outcome::Outcome;
pub use outcome::WriteOutcome;
pub use remote::{RemoteChange, Stamps};
pub use resolver_fault::ResolverFault;
pub use seen::Seen;
pub use status::{Phase, Progress, SyncState, SyncStatus};

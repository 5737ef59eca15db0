//! The terms of the protocol as types: names, stamps, cursors, records' fields and the writes that change them.
//!
//! Invariants:
//! - Nothing here does I/O or knows HTTP.
//! - A value of one of these types is valid: code that holds a [`RecordId`] need not check that it may stand in a URL, a log line
//!   or the digest.

mod change;
mod client_version;
mod cursor;
mod decode;
mod json_patch;
mod names;
mod operation;
mod stamps;
mod work;

pub(crate) use change::{Applied, Change, ChangeFault, Details, field_ops};
pub(crate) use client_version::ClientVersion;
pub(crate) use cursor::{Cursor, Mode};
pub(crate) use decode::{Decoder, details};
pub(crate) use holm_protocol::hlc::Hlc;
pub(crate) use holm_protocol::json::write_string;
pub(crate) use holm_protocol::names::is_reserved_member as is_reserved_field;
pub(crate) use holm_protocol::time::Timestamp;
pub(crate) use names::{CollectionName, DeviceId, OpId, RecordId, Space, StreamName};
pub(crate) use operation::{Base, Defaults, Operation, Target, Unreadable, content_hash};
pub(crate) use stamps::PathStamps;
pub(crate) use work::check_paths;

/// The app's fields of a record, by name.
pub(crate) type Fields = serde_json::Map<String, serde_json::Value>;

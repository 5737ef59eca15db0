//! What the server takes, as this device knows it.
//!
//! Invariants:
//! - Until a server has published its limits, the defaults of the protocol hold.
//! - A write is measured against the limits that are known when it is made. A limit that falls later does not reach back.

use crate::error::{Error, ErrorCode, Result};
use holm_protocol::json::Bounds;
use holm_protocol::limits::Limits;
use serde_json::{Map, Value};
use std::sync::{Arc, PoisonError, RwLock};

/// Bytes that a push needs beside the content of its operations: device, cursors of a few streams, acknowledgement.
const REQUEST_BYTES: usize = 4096;
/// Those of them that are no cursors.
const FRAME_BYTES: usize = 512;
/// Bytes that an operation needs beside its content: ids, numbers, stamp, names of members.
pub(crate) const OPERATION_BYTES: usize = 640;

/// Limits with the version that the server calls them by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PublishedLimits {
    /// What the device tells the server that it knows. `None` if it was never told any.
    pub version: Option<String>,
    pub limits: Limits,
}

impl PublishedLimits {
    /// Reads the `config` member of an answer, which is also the stored form. `None` if it has no version.
    pub fn parse(config: &Map<String, Value>) -> Option<Self> {
        let version = config.get("version")?.as_str()?.to_owned();
        let limits = config.get("limits").and_then(Value::as_object);
        Some(Self { version: Some(version), limits: limits.map(Limits::published).unwrap_or_default() })
    }

    /// The text that [`parse`](Self::parse) reads.
    pub fn to_text(&self) -> String {
        serde_json::json!({ "version": self.version, "limits": self.limits }).to_string()
    }
}

/// The limits that hold now. Thread-safe, never blocks for long.
#[derive(Debug, Default)]
pub(crate) struct KnownLimits(RwLock<Arc<PublishedLimits>>);

impl KnownLimits {
    /// The limits and their version.
    pub fn get(&self) -> Arc<PublishedLimits> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on these hold.
    pub fn set(&self, published: PublishedLimits) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(published);
    }

    /// What a document is measured against. It must also fit a push of its own.
    pub fn document(&self) -> Bounds {
        let known = self.get();
        let bounds = known.limits.record();
        Bounds { bytes: bounds.bytes.min(operation_room(&known.limits)), ..bounds }
    }

    /// What one push may hold.
    pub fn batch(&self) -> BatchLimits {
        let limits = &self.get().limits;
        BatchLimits { ops: limits.max_batch_ops, bytes: request_room(limits), request: request_bytes(limits) }
    }

    /// How many streams one pull names at most.
    pub fn streams(&self) -> usize {
        self.get().limits.max_streams
    }

    /// Checks one operation: the bytes of what travels, which may be more than what the user then sees, and the number of its edits.
    ///
    /// # Errors
    /// `DOCUMENT_TOO_LARGE`.
    pub fn check_operation(&self, content: usize, edits: usize) -> Result<()> {
        let limits = &self.get().limits;
        let (most, most_edits) = (operation_room(limits), limits.max_patch_ops);
        let fault = if content > most {
            format!("the edit is larger than {most} bytes")
        } else if edits > most_edits {
            format!("the edit changes more than {most_edits} places")
        } else {
            return Ok(());
        };
        Err(Error::invalid(ErrorCode::DocumentTooLarge, fault))
    }

    /// Checks the parameters of an action, which the server measures like a document.
    ///
    /// # Errors
    /// `DOCUMENT_TOO_LARGE`.
    pub fn check_parameters(&self, bytes: usize) -> Result<()> {
        let most = self.document().bytes;
        if bytes <= most {
            return Ok(());
        }
        Err(Error::invalid(
            ErrorCode::DocumentTooLarge,
            format!("the action's parameters are larger than {most} bytes"),
        ))
    }

    /// Checks a group: it travels whole, so it must fit one push.
    ///
    /// # Errors
    /// `GROUP_TOO_LARGE`.
    pub fn check_group(&self, ops: usize, content: usize) -> Result<()> {
        let limits = self.batch();
        let bytes = content.saturating_add(ops.saturating_mul(OPERATION_BYTES));
        let what = if ops > limits.ops {
            format!("{ops} operations, and the server takes {}", limits.ops)
        } else if bytes > limits.bytes {
            format!("about {bytes} bytes, and the server takes {}", limits.bytes)
        } else {
            return Ok(());
        };
        Err(Error::invalid(ErrorCode::GroupTooLarge, format!("the group has {what}; nothing was written")))
    }
}

/// What one push may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchLimits {
    /// Operations at most.
    pub ops: usize,
    /// Bytes of their content at most, with [`OPERATION_BYTES`] for each.
    pub bytes: usize,
    /// Bytes of the whole request at most.
    request: usize,
}

impl BatchLimits {
    /// Bytes that are left for cursors beside operations of this weight.
    pub fn beside(self, operations: usize) -> usize {
        self.request.saturating_sub(operations).saturating_sub(FRAME_BYTES)
    }
}

fn request_bytes(limits: &Limits) -> usize {
    limits.max_batch_bytes.min(limits.max_body_bytes)
}

/// Bytes of one push that are left for operations. A tiny limit leaves half of it.
fn request_room(limits: &Limits) -> usize {
    let most = request_bytes(limits);
    most.saturating_sub(REQUEST_BYTES).max(most / 2)
}

/// Bytes of content of a single operation that still fits a push.
fn operation_room(limits: &Limits) -> usize {
    let room = request_room(limits);
    room.saturating_sub(OPERATION_BYTES).max(room / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_limits_are_stored_and_read_back() {
        let limits = Limits { max_batch_ops: 7, max_record_bytes: 9_000, ..Limits::default() };
        let published = PublishedLimits { version: Some(limits.version()), limits };
        let stored: Map<String, Value> = serde_json::from_str(&published.to_text()).unwrap();
        assert_eq!(PublishedLimits::parse(&stored), Some(published));
        assert_eq!(PublishedLimits::parse(&Map::new()), None);
    }

    #[test]
    fn report_07_a_group_is_measured_against_the_limits_of_a_push() {
        let known = KnownLimits::default();
        assert!(known.check_group(1000, 1 << 20).is_ok());
        assert_eq!(known.check_group(1001, 0).unwrap_err().code(), ErrorCode::GroupTooLarge);
        assert_eq!(known.check_group(50, 5_000_000).unwrap_err().code(), ErrorCode::GroupTooLarge);
        let limits = Limits { max_batch_ops: 2, ..Limits::default() };
        known.set(PublishedLimits { version: None, limits });
        assert!(known.check_group(2, 0).is_ok());
        assert_eq!(known.check_group(3, 0).unwrap_err().code(), ErrorCode::GroupTooLarge);
    }

    #[test]
    fn a_document_fits_a_push_even_if_the_limits_contradict() {
        let known = KnownLimits::default();
        assert_eq!(known.document(), Limits::default().record());
        let limits = Limits { max_record_bytes: 10_000, max_batch_bytes: 8_000, ..Limits::default() };
        known.set(PublishedLimits { version: None, limits });
        let most = known.document().bytes;
        assert!((2_000..8_000).contains(&most), "{most}");
        assert!(known.check_operation(most, 1).is_ok() && known.check_operation(most + 1, 1).is_err());
        let edits = Limits::default().max_patch_ops;
        assert!(known.check_operation(1, edits).is_ok() && known.check_operation(1, edits + 1).is_err());
        assert!(known.check_group(1, most).is_ok());
    }
}

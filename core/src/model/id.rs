//! Names: collections, documents, operations.

use crate::error::{Error, ErrorCode, Result};
use crate::platform::Clock;
use holm_protocol::names::{self, NameFault};
use std::fmt;
use uuid::Uuid;

/// A new UUIDv7 (RFC 9562, section 5.7) with these random bytes. Its time part is the device's clock: never sort by it.
pub fn new_uuid(clock: &dyn Clock, random: [u8; 10]) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(clock.wall_ms().max(0) as u64, &random).into_uuid()
}

/// Checks a collection's name: `[A-Za-z][A-Za-z0-9_]{0,63}`, and not one that the protocol uses itself.
///
/// # Errors
/// `INVALID_NAME`.
pub fn validate_collection(name: &str) -> Result<()> {
    names::check_collection(name).map_err(|fault| invalid_name(name, fault))
}

/// The id of a document, chosen by the app or made by Holm (UUIDv7): 1 to 128 bytes without control characters, not beginning with `$`, not
/// `.`, `..` or `fetch`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId(String);

impl DocumentId {
    /// Checks and takes an id.
    ///
    /// # Errors
    /// `INVALID_NAME`.
    pub fn new(id: impl Into<String>) -> Result<Self> {
        let id = id.into();
        names::check_document_id(&id).map_err(|fault| invalid_name(&id, fault))?;
        Ok(Self(id))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as an owned text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How much of a refused name a message shows.
const SHOWN_CHARS: usize = 40;

fn invalid_name(name: &str, fault: NameFault) -> Error {
    let mut shown: String = name.chars().take(SHOWN_CHARS).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    Error::invalid(ErrorCode::InvalidName, format!("{shown:?} is not allowed: {fault}"))
}

/// The id of an operation: minted when the write is made, never changed, the idempotency key of every attempt to send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId(Uuid);

impl OpId {
    pub(crate) fn from_uuid(id: Uuid) -> Self {
        Self(id)
    }

    /// Reads one as [`Display`](fmt::Display) wrote it.
    pub fn parse(text: &str) -> Result<Self> {
        Uuid::parse_str(text).map(Self).map_err(|_| Error::not_found("operation", text))
    }

    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The operation's number, of which the id carries the low half (`outbox/ids.rs`), given the last number that was used.
    pub(crate) fn op_seq(&self, last: i64) -> i64 {
        let bytes = self.as_bytes();
        let low = i64::from(u32::from_be_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]));
        let high = last & !0xffff_ffff;
        if high + low > last && high > 0 { high - 0x1_0000_0000 + low } else { high + low }
    }
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::SystemClock;

    #[test]
    fn ids_are_version_7_and_read_back() {
        let id = OpId::from_uuid(new_uuid(&SystemClock::new(), [7; 10]));
        assert_eq!(id.to_string().as_bytes()[14], b'7');
        assert_eq!(OpId::parse(&id.to_string()).unwrap(), id);
    }

    #[test]
    fn a_long_name_is_shown_as_cut() {
        let message = |id: &str| DocumentId::new(id).unwrap_err().to_string();
        assert!(message(&"ä".repeat(100)).contains(&format!("\"{}…\"", "ä".repeat(40))));
        assert!(message("$basket").contains("\"$basket\""));
    }

    #[test]
    fn core_a1_names_the_server_refuses_are_invalid_here() {
        for id in ["", "a\nb", "$basket", ".", "..", "fetch", &"x".repeat(129), &"é".repeat(65)] {
            assert_eq!(DocumentId::new(id).unwrap_err().code(), ErrorCode::InvalidName, "{id:?}");
        }
        assert!(DocumentId::new("task/1?x=ü").is_ok());
        for name in ["sync", "auth", "cursors", "deletedUserIds", "a-b", ""] {
            assert_eq!(validate_collection(name).unwrap_err().code(), ErrorCode::InvalidName, "{name:?}");
        }
    }
}

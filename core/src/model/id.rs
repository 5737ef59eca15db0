//! Names: collections, documents, operations.

use crate::error::{Error, ErrorCode, Result};
use crate::platform::{Clock, Entropy};
use std::fmt;
use uuid::Uuid;

/// Longest document id, in bytes.
const MAX_ID_BYTES: usize = 255;
/// Longest collection name, in bytes.
const MAX_COLLECTION_BYTES: usize = 64;

/// A new UUIDv7 (RFC 9562, section 5.7). Its time part is the device's clock: never sort by it.
pub fn new_uuid(clock: &dyn Clock, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(clock.wall_ms().max(0) as u64, &random).into_uuid()
}

/// Checks a collection's name: `[A-Za-z][A-Za-z0-9_]{0,63}`.
pub fn validate_collection(name: &str) -> Result<()> {
    let mut bytes = name.bytes();
    let fine = name.len() <= MAX_COLLECTION_BYTES
        && bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if fine {
        return Ok(());
    }
    let message =
        format!("{name:?} is no collection name: letters, digits and '_', a letter first, at most 64 characters");
    Err(Error::invalid(ErrorCode::InvalidName, message))
}

/// The id of a document, chosen by the app or made by Holm (UUIDv7). 1 to 255 bytes, no control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId(String);

impl DocumentId {
    /// Checks and takes an id.
    pub fn new(id: impl Into<String>) -> Result<Self> {
        let id = id.into();
        if id.is_empty() || id.len() > MAX_ID_BYTES || id.chars().any(char::is_control) {
            let shown: String = id.chars().take(40).collect();
            let message = format!("{shown:?} is no document id: 1 to 255 bytes without control characters");
            return Err(Error::invalid(ErrorCode::InvalidName, message));
        }
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

/// The id of an operation: minted when the write is made, never changed, the idempotency key of every attempt to send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId(Uuid);

impl OpId {
    /// Mints one.
    pub fn new(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
        Self(new_uuid(clock, entropy))
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
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{SystemClock, SystemEntropy};

    #[test]
    fn collection_names_follow_the_rule() {
        for good in ["tasks", "T", "a_1", &"x".repeat(64)] {
            assert!(validate_collection(good).is_ok(), "{good}");
        }
        for bad in ["", "1a", "_a", "a-b", "a b", "é", "a\"", &"x".repeat(65)] {
            assert!(validate_collection(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_are_version_7_and_read_back() {
        let id = OpId::new(&SystemClock::new(), &SystemEntropy);
        assert_eq!(id.to_string().as_bytes()[14], b'7');
        assert_eq!(OpId::parse(&id.to_string()).unwrap(), id);
    }

    #[test]
    fn document_ids_refuse_what_cannot_travel() {
        assert!(DocumentId::new("").is_err());
        assert!(DocumentId::new("a\nb").is_err());
        assert!(DocumentId::new("ä".repeat(128)).is_err());
        assert!(DocumentId::new("task/1?x=ü").is_ok());
    }
}

//! Cursors: where a device is in a stream.
//!
//! Invariants:
//! - The same state gives the same bytes, so clients may compare cursors for equality.
//! - A cursor needs no signature: it holds nothing secret, and access is checked on every request.

use super::StreamName;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize};

/// The rows that a device at this cursor still needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Every row after `seq`.
    Delta,
    /// Live rows after `seq` up to `start`, then every row.
    Snapshot {
        /// The head when the snapshot began.
        start: i64,
    },
}

/// A place in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Which database it is from.
    pub(crate) epoch: String,
    /// Which stream, as `space/collection`.
    pub(crate) stream: String,
    /// Rows up to this one have been seen.
    pub(crate) seq: i64,
    /// The rows that are still needed.
    pub(crate) mode: Mode,
}

#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    v: u8,
    #[serde(borrow)]
    e: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    s: std::borrow::Cow<'a, str>,
    q: i64,
    m: Letter,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    h: Option<i64>,
}

#[derive(Serialize, Deserialize)]
enum Letter {
    #[serde(rename = "d")]
    Delta,
    #[serde(rename = "s")]
    Snapshot,
}

impl Cursor {
    /// The start of a delta after `seq`.
    pub(crate) fn delta(epoch: &str, stream: &StreamName, seq: i64) -> Self {
        Self { epoch: epoch.to_owned(), stream: stream.to_string(), seq, mode: Mode::Delta }
    }

    /// The start of a snapshot of a stream whose head is `start`.
    pub(crate) fn snapshot(epoch: &str, stream: &StreamName, start: i64) -> Self {
        Self { epoch: epoch.to_owned(), stream: stream.to_string(), seq: 0, mode: Mode::Snapshot { start } }
    }

    /// The text that clients hold.
    pub(crate) fn encode(&self) -> String {
        let (m, h) = match self.mode {
            Mode::Delta => (Letter::Delta, None),
            Mode::Snapshot { start } => (Letter::Snapshot, Some(start)),
        };
        let wire = Wire { v: 1, e: self.epoch.as_str().into(), s: self.stream.as_str().into(), q: self.seq, m, h };
        // Serialising a struct of texts and numbers into memory cannot fail.
        Base64UrlUnpadded::encode_string(&serde_json::to_vec(&wire).unwrap_or_default())
    }

    /// Reads what a client sent back. `None` for anything that no server ever issued.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        if text.len() > 1024 {
            return None;
        }
        let bytes = Base64UrlUnpadded::decode_vec(text).ok()?;
        let wire: Wire<'_> = serde_json::from_slice(&bytes).ok()?;
        let mode = match (wire.m, wire.h) {
            (Letter::Delta, None) => Mode::Delta,
            (Letter::Snapshot, Some(start)) if start >= 0 => Mode::Snapshot { start },
            _ => return None,
        };
        let cursor = Self { epoch: wire.e.into_owned(), stream: wire.s.into_owned(), seq: wire.q, mode };
        (wire.v == 1 && wire.q >= 0).then_some(cursor)
    }

    /// The oldest row whose deletion a device at this cursor may not know.
    pub(crate) fn horizon(&self) -> i64 {
        match self.mode {
            Mode::Delta => self.seq,
            Mode::Snapshot { start } => start,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CollectionName, Space};
    use proptest::prelude::*;

    fn tasks() -> StreamName {
        StreamName { space: Space::of_user("1"), collection: CollectionName::parse("tasks").unwrap() }
    }

    #[test]
    fn cursor_has_the_documented_form() {
        let cursor = Cursor::delta("e7", &tasks(), 41);
        let json = Base64UrlUnpadded::decode_vec(&cursor.encode()).unwrap();
        assert_eq!(json, br#"{"v":1,"e":"e7","s":"u:1/tasks","q":41,"m":"d"}"#);
        let cursor = Cursor::snapshot("e7", &tasks(), 9);
        let json = Base64UrlUnpadded::decode_vec(&cursor.encode()).unwrap();
        assert_eq!(json, br#"{"v":1,"e":"e7","s":"u:1/tasks","q":0,"m":"s","h":9}"#);
    }

    #[test]
    fn cursor_that_no_server_issued_is_refused() {
        for json in [
            "",
            "{}",
            "[]",
            r#"{"v":2,"e":"e","s":"s","q":1,"m":"d"}"#,
            r#"{"v":1,"e":"e","s":"s","q":-1,"m":"d"}"#,
            r#"{"v":1,"e":"e","s":"s","q":1,"m":"s"}"#,
            r#"{"v":1,"e":"e","s":"s","q":1,"m":"d","h":1}"#,
            r#"{"v":1,"e":"e","s":"s","q":1e3,"m":"d"}"#,
            r#"{"v":1,"e":"e","s":"s","q":1,"m":"x"}"#,
        ] {
            assert_eq!(Cursor::decode(&Base64UrlUnpadded::encode_string(json.as_bytes())), None, "{json}");
        }
        assert_eq!(Cursor::decode("not base64!"), None);
    }

    proptest! {
        #[test]
        fn cursor_round_trips(epoch in "\\PC{1,20}", q in 0i64.., start in prop::option::of(0i64..)) {
            let mut cursor = Cursor::delta(&epoch, &tasks(), q);
            if let Some(start) = start {
                cursor.mode = Mode::Snapshot { start };
            }
            prop_assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        }

        #[test]
        fn cursor_decode_never_panics(text in ".*") {
            let _ = Cursor::decode(&text);
        }
    }
}

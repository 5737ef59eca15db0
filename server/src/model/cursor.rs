//! Cursors: where a device is in a stream.
//!
//! Invariants:
//! - The same state gives the same bytes, so clients may compare cursors for equality.
//! - A cursor needs no signature: it holds nothing secret, and access is checked on every request.
//!
//! As text: `<epoch><space>.<collection>.d<seq>`, or `….s<seq>.<start>` in a snapshot. Epoch and space stand for their hashes, 8 characters each: a
//! cursor travels with every request.

use super::{CollectionName, Space, StreamName};
use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};

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

/// What an epoch or a space is told by: the first 6 bytes of its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tag([u8; 6]);

impl Tag {
    fn of(text: &str) -> Self {
        let hash = Sha256::digest(text);
        let mut tag = [0; 6];
        tag.copy_from_slice(&hash[..6]);
        Self(tag)
    }
}

/// A place in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Which database it is from.
    epoch: Tag,
    /// The space of the stream.
    space: Tag,
    /// The collection of the stream.
    pub(crate) collection: CollectionName,
    /// Rows up to this one have been seen.
    pub(crate) seq: i64,
    /// The rows that are still needed.
    pub(crate) mode: Mode,
}

impl Cursor {
    /// The start of a delta after `seq`.
    pub(crate) fn delta(epoch: &str, stream: &StreamName, seq: i64) -> Self {
        Self::new(epoch, stream, seq, Mode::Delta)
    }

    /// The start of a snapshot of a stream whose head is `start`.
    pub(crate) fn snapshot(epoch: &str, stream: &StreamName, start: i64) -> Self {
        Self::new(epoch, stream, 0, Mode::Snapshot { start })
    }

    fn new(epoch: &str, stream: &StreamName, seq: i64, mode: Mode) -> Self {
        let (epoch, space) = (Tag::of(epoch), Tag::of(stream.space.as_str()));
        Self { epoch, space, collection: stream.collection.clone(), seq, mode }
    }

    /// The head of the same stream.
    pub(crate) fn at_head(&self, seq: i64) -> Self {
        Self { seq, mode: Mode::Delta, ..self.clone() }
    }

    /// Whether it is one of a database with this epoch.
    pub(crate) fn is_of_epoch(&self, epoch: &str) -> bool {
        self.epoch == Tag::of(epoch)
    }

    /// Whether it is one of a stream of this space.
    pub(crate) fn is_in(&self, space: &Space) -> bool {
        self.space == Tag::of(space.as_str())
    }

    /// The text that clients hold.
    pub(crate) fn encode(&self) -> String {
        let mut tags = [0; 12];
        tags[..6].copy_from_slice(&self.epoch.0);
        tags[6..].copy_from_slice(&self.space.0);
        let (tags, collection, seq) = (Base64UrlUnpadded::encode_string(&tags), &self.collection, self.seq);
        match self.mode {
            Mode::Delta => format!("{tags}.{collection}.d{seq}"),
            Mode::Snapshot { start } => format!("{tags}.{collection}.s{seq}.{start}"),
        }
    }

    /// Reads what a client sent back. `None` for anything that no server ever issued.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut tags = [0; 12];
        (Base64UrlUnpadded::decode(parts.next()?, &mut tags).ok()?.len() == 12).then_some(())?;
        let collection = CollectionName::parse(parts.next()?).ok()?;
        let (place, start) = (parts.next()?, parts.next().map(number));
        let (seq, mode) = match (place.strip_prefix('d'), place.strip_prefix('s'), start) {
            (Some(seq), _, None) => (seq, Mode::Delta),
            (_, Some(seq), Some(start)) => (seq, Mode::Snapshot { start: start? }),
            _ => return None,
        };
        let tag = |from: usize| tags[from..from + 6].try_into().ok().map(Tag);
        let cursor = Self { epoch: tag(0)?, space: tag(6)?, collection, seq: number(seq)?, mode };
        (parts.next().is_none() && cursor.encode() == text).then_some(cursor)
    }

    /// The oldest row whose deletion a device at this cursor may not know.
    pub(crate) fn horizon(&self) -> i64 {
        match self.mode {
            Mode::Delta => self.seq,
            Mode::Snapshot { start } => start,
        }
    }
}

fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number| *number >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tasks() -> StreamName {
        StreamName { space: Space::of_user("1"), collection: CollectionName::parse("tasks").unwrap() }
    }

    #[test]
    fn cursor_has_the_documented_form() {
        let tags =
            Base64UrlUnpadded::encode_string(&[&Sha256::digest("e7")[..6], &Sha256::digest("u:1")[..6]].concat());
        assert_eq!(Cursor::delta("e7", &tasks(), 41).encode(), format!("{tags}.tasks.d41"));
        assert_eq!(Cursor::snapshot("e7", &tasks(), 9).encode(), format!("{tags}.tasks.s0.9"));
    }

    #[test]
    fn cursor_that_no_server_issued_is_refused() {
        let tags = "AAAAAAAAAAAAAAAA";
        assert!(Cursor::decode(&format!("{tags}.tasks.d1")).is_some());
        for text in [
            "".to_owned(),
            "not base64!.tasks.d1".to_owned(),
            "AAAAAAAAAAAAAAA.tasks.d1".to_owned(),
            "AAAAAAAAAAAAAAAAAAAA.tasks.d1".to_owned(),
            format!("{tags}.tasks"),
            format!("{tags}.a b.d1"),
            format!("{tags}.tasks.d-1"),
            format!("{tags}.tasks.d+1"),
            format!("{tags}.tasks.d01"),
            format!("{tags}.tasks.d1e3"),
            format!("{tags}.tasks.s1"),
            format!("{tags}.tasks.s1.-2"),
            format!("{tags}.tasks.d1.1"),
            format!("{tags}.tasks.s1.1.1"),
            format!("{tags}.tasks.x1"),
        ] {
            assert_eq!(Cursor::decode(&text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn cursor_round_trips(epoch in "\\PC{1,20}", q in 0i64.., start in prop::option::of(0i64..)) {
            let mut cursor = Cursor::delta(&epoch, &tasks(), q);
            if let Some(start) = start {
                cursor.mode = Mode::Snapshot { start };
            }
            prop_assert!(cursor.is_of_epoch(&epoch) && !cursor.is_of_epoch("another") && cursor.is_in(&tasks().space));
            prop_assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        }

        #[test]
        fn cursor_decode_never_panics(text in ".*") {
            let _ = Cursor::decode(&text);
        }
    }
}

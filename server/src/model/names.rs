//! Names: of collections, records, devices, operations, spaces and streams.

use std::fmt;

/// Why a text cannot be the name that it is meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NameFault(&'static str);

/// Text of 1 to `max` bytes without control characters: safe in logs, SQL text, headers and the digest's separator.
fn plain(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && !text.chars().any(char::is_control)
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(String);

        impl $name {
            /// The text itself.
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// `[A-Za-z][A-Za-z0-9_]{0,63}`, and no name that a path or a reply already uses for something else.
    CollectionName
}

impl CollectionName {
    /// Checks `text`.
    pub(crate) fn parse(text: &str) -> Result<Self, NameFault> {
        let mut bytes = text.bytes();
        let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic());
        if !first || text.len() > 64 || !bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(NameFault("a collection's name is a letter, then at most 63 letters, digits and underscores"));
        }
        let in_paths = matches!(text, "auth" | "sync");
        let in_replies = matches!(text, "tombstones" | "syncMetadata" | "cursors" | "hasMore" | "integrity")
            || (text.starts_with("deleted") && text.ends_with("Ids"));
        if in_paths || in_replies {
            return Err(NameFault("the name belongs to the protocol and cannot be a collection's"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The key of the list of deleted ids: `tasks` gives `deletedTaskIds`, `stories` gives `deletedStoryIds`.
    pub(crate) fn deleted_key(&self) -> String {
        let singular = singular(&self.0);
        let (first, rest) = singular.split_at(1);
        format!("deleted{}{rest}Ids", first.to_ascii_uppercase())
    }
}

/// The English singular of a plural, as far as rules go. What they miss is a matter for `deleted_key` in the configuration.
fn singular(plural: &str) -> String {
    let stem = |cut: usize| plural[..plural.len() - cut].to_owned();
    if plural.len() > 4 && plural.ends_with("ies") {
        return stem(3) + "y";
    }
    if ["sses", "shes", "ches", "xes", "zes", "oes"].iter().any(|end| plural.len() > 4 && plural.ends_with(end)) {
        return stem(2);
    }
    let is_singular = ["ss", "us", "is"].iter().any(|end| plural.ends_with(end));
    if plural.len() > 1 && plural.ends_with('s') && !is_singular { stem(1) } else { plural.to_owned() }
}

name! {
    /// 1 to 128 bytes without control characters. `$` at the start is for references, `fetch`, `.` and `..` mean something in a path.
    RecordId
}

impl RecordId {
    /// Checks `text`.
    pub(crate) fn parse(text: &str) -> Result<Self, NameFault> {
        if !plain(text, 128) {
            return Err(NameFault("an id is 1 to 128 bytes without control characters"));
        }
        if text.starts_with('$') || matches!(text, "fetch" | "." | "..") {
            return Err(NameFault("the id means something else in a path or an operation"));
        }
        Ok(Self(text.to_owned()))
    }
}

name! {
    /// 1 to 128 bytes without control characters, chosen by the device.
    DeviceId
}

impl DeviceId {
    /// Checks `text`.
    pub(crate) fn parse(text: &str) -> Result<Self, NameFault> {
        if plain(text, 128) {
            return Ok(Self(text.to_owned()));
        }
        Err(NameFault("a device id is 1 to 128 bytes without control characters"))
    }

    /// Who stamps writes of requests that name no device.
    pub(crate) fn server() -> Self {
        Self("server".to_owned())
    }
}

name! {
    /// The idempotency key of one write: 1 to 255 bytes without control characters.
    OpId
}

impl OpId {
    /// Checks `text`.
    pub(crate) fn parse(text: &str) -> Result<Self, NameFault> {
        if plain(text, 255) {
            return Ok(Self(text.to_owned()));
        }
        Err(NameFault("an operation id is 1 to 255 bytes without control characters"))
    }
}

name! {
    /// A space: `u:<userId>`.
    Space
}

impl Space {
    /// The space that a user owns.
    pub(crate) fn of_user(user_id: &str) -> Self {
        Self(format!("u:{user_id}"))
    }
}

/// A collection in a space.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamName {
    /// The space.
    pub(crate) space: Space,
    /// The collection.
    pub(crate) collection: CollectionName,
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.space, self.collection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_deleted_ids_is_named_after_one_of_them() {
        for (collection, key) in [
            ("tasks", "deletedTaskIds"),
            ("stories", "deletedStoryIds"),
            ("heroes", "deletedHeroIds"),
            ("boxes", "deletedBoxIds"),
            ("classes", "deletedClassIds"),
            ("news_items", "deletedNews_itemIds"),
            ("media", "deletedMediaIds"),
            ("status", "deletedStatusIds"),
            ("s", "deletedSIds"),
            ("Ties", "deletedTieIds"),
        ] {
            assert_eq!(CollectionName::parse(collection).unwrap().deleted_key(), key);
        }
    }

    #[test]
    fn names_that_would_be_ambiguous_are_refused() {
        for bad in
            ["", "1a", "_a", "a-b", "ä", "sync", "auth", "tombstones", "cursors", "deletedTaskIds", &"a".repeat(65)]
        {
            assert!(CollectionName::parse(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "\0", "a\nb", "$client:x", "fetch", "..", &"a".repeat(129)] {
            assert!(RecordId::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "ünï", "a b", "a/b", "x|1"] {
            assert!(RecordId::parse(good).is_ok(), "{good:?}");
        }
    }
}

//! Names: of collections, documents, operations, devices and actions.
//!
//! Invariant: a name that passes its check can stand in a URL (escaped), a log line, a header and the digest's input without ambiguity,
//! and no path or reply of the protocol uses it for something else.

use base64ct::{Base64UrlUnpadded, Encoding};
use std::fmt;

/// Longest document id, in bytes.
pub const MAX_DOCUMENT_ID_BYTES: usize = 128;
/// Longest device id, in bytes.
pub const MAX_DEVICE_ID_BYTES: usize = 128;
/// Longest operation id, in bytes.
pub const MAX_OP_ID_BYTES: usize = 255;
/// Longest collection or action name, in bytes.
pub const MAX_WORD_BYTES: usize = 64;

/// Collection names that paths of the protocol use for something else.
const IN_PATHS: [&str; 5] = ["auth", "sync", "user", "jobs", "actions"];
/// Collection names that replies use for something else.
const IN_REPLIES: [&str; 5] = ["tombstones", "syncMetadata", "cursors", "hasMore", "integrity"];
/// Document ids that paths use for something else.
const ID_IN_PATHS: [&str; 3] = ["fetch", ".", ".."];

/// Why a text cannot be the name that it is meant to be: a sentence without the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameFault(&'static str);

impl fmt::Display for NameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NameFault {}

/// Checks a collection's name: `[A-Za-z][A-Za-z0-9_]{0,63}`, and not one that the protocol uses itself (`docs/protocol.md`, section 1).
///
/// # Errors
/// A sentence that says which rule is broken.
pub fn check_collection(name: &str) -> Result<(), NameFault> {
    if !is_word(name) {
        return Err(NameFault("a collection's name is a letter, then at most 63 letters, digits and underscores"));
    }
    let is_list_of_deleted = name.starts_with("deleted") && name.ends_with("Ids");
    if IN_PATHS.contains(&name) || IN_REPLIES.contains(&name) || is_list_of_deleted {
        return Err(NameFault("the name belongs to the protocol and cannot be a collection's"));
    }
    Ok(())
}

/// Checks a document's id: 1 to 128 bytes without control characters, not beginning with `$`, not `.`, `..` or `fetch`.
///
/// # Errors
/// A sentence that says which rule is broken.
pub fn check_document_id(id: &str) -> Result<(), NameFault> {
    if !is_plain(id, MAX_DOCUMENT_ID_BYTES) {
        return Err(NameFault("an id is 1 to 128 bytes without control characters"));
    }
    if id.starts_with('$') || ID_IN_PATHS.contains(&id) {
        return Err(NameFault("an id does not begin with '$' and is not '.', '..' or 'fetch'"));
    }
    Ok(())
}

/// Checks an operation's id: 1 to 255 bytes without control characters. The core makes UUIDv7s.
///
/// # Errors
/// A sentence that says which rule is broken.
pub fn check_op_id(id: &str) -> Result<(), NameFault> {
    if is_plain(id, MAX_OP_ID_BYTES) {
        return Ok(());
    }
    Err(NameFault("an operation id is 1 to 255 bytes without control characters"))
}

/// Checks a device's id: 1 to 128 bytes without control characters.
///
/// # Errors
/// A sentence that says which rule is broken.
pub fn check_device_id(id: &str) -> Result<(), NameFault> {
    if is_plain(id, MAX_DEVICE_ID_BYTES) {
        return Ok(());
    }
    Err(NameFault("a device id is 1 to 128 bytes without control characters"))
}

/// A device id of these random bytes: 22 characters of base64url (RFC 4648, section 5). It stands in every stamp, so it is short.
pub fn device_id(random: &[u8; 16]) -> String {
    Base64UrlUnpadded::encode_string(random)
}

/// Checks an action's name: `[A-Za-z][A-Za-z0-9_]{0,63}`.
///
/// # Errors
/// A sentence that says which rule is broken.
pub fn check_action(name: &str) -> Result<(), NameFault> {
    if is_word(name) {
        return Ok(());
    }
    Err(NameFault("an action's name is a letter, then at most 63 letters, digits and underscores"))
}

/// Whether a name at the top level of a document belongs to the server, so that an app's document cannot have it. `id` is not among them: it
/// may be sent along, if it says the document's id, and is not stored.
pub fn is_reserved_member(name: &str) -> bool {
    matches!(name, "version" | "_sync")
}

/// The key of the list of deleted ids in replies: `tasks` gives `deletedTaskIds`, `stories` gives `deletedStoryIds`.
pub fn deleted_ids_key(collection: &str) -> String {
    let singular = singular(collection);
    let mut letters = singular.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase()).into_iter();
    format!("deleted{}{}Ids", first.collect::<String>(), letters.as_str())
}

/// The English singular of a plural, as far as rules go. A server's configuration can name another key for the exceptions.
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

/// `[A-Za-z][A-Za-z0-9_]{0,63}`.
fn is_word(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= MAX_WORD_BYTES
        && bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Text of 1 to `max` bytes without control characters.
fn is_plain(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && !text.chars().any(char::is_control)
}

//! Columns: what many rows have in common, written once a column in the place of once a row (protocol, sections 6 and 7).
//!
//! A column of numbers holds the first as it is and each other one as its difference from the one before, with 64 bits that wrap. A column of
//! UUIDs is one text: their bytes, 16 each, in base64 (RFC 4648, section 4) without padding.

use base64ct::{Base64Unpadded, Encoding};
use uuid::Uuid;

/// Rows of a page at most, if a compact request does not say.
pub const PAGE_ROWS: u32 = 5_000;
/// Bytes of the rows of a compact reply at most, before compression, if the request does not say.
pub const PAGE_BYTES: usize = 1_500_000;
/// Fewer rows than this travel as they are, each with its members: columns would save nothing.
pub const LEAST_ROWS: usize = 20;

/// The differences of numbers, each from the one before it; the first from 0.
pub fn differences(numbers: impl IntoIterator<Item = i64>) -> impl Iterator<Item = i64> {
    let mut last = 0;
    numbers.into_iter().map(move |number: i64| number.wrapping_sub(std::mem::replace(&mut last, number)))
}

/// The numbers of differences.
pub fn sums(differences: impl IntoIterator<Item = i64>) -> impl Iterator<Item = i64> {
    let mut last = 0i64;
    differences.into_iter().map(move |difference| {
        last = last.wrapping_add(difference);
        last
    })
}

/// The id of an operation that says none: what it has in common with the others, and its number, the lower 32 bits as 8 hexadecimal digits.
pub fn op_id(prefix: &str, op_seq: i64) -> String {
    format!("{prefix}{:08x}", op_seq & 0xffff_ffff)
}

/// The bytes of a UUID in its usual notation: lower case, with hyphens. `None` of any other text.
pub fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    let uuid = Uuid::try_parse(text).ok()?;
    (uuid.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text).then(|| uuid.into_bytes())
}

/// The usual notation of a UUID's bytes.
pub fn uuid_text(bytes: &[u8; 16]) -> String {
    Uuid::from_bytes(*bytes).to_string()
}

/// The text of a column of UUIDs.
pub fn uuids_text(uuids: &[[u8; 16]]) -> String {
    Base64Unpadded::encode_string(uuids.as_flattened())
}

/// Reads a column of UUIDs. `None` of a text that is none, or not the only one of its bytes.
pub fn uuids(text: &str) -> Option<Vec<[u8; 16]>> {
    let bytes = Base64Unpadded::decode_vec(text).ok()?;
    let (uuids, rest) = bytes.as_chunks::<16>();
    rest.is_empty().then(|| uuids.to_vec())
}

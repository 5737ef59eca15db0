//! Columns: what many rows have in common, written once a column in the place of once a row (protocol, sections 6 and 7).
//!
//! A column of numbers holds the first as it is and each other one as its difference from the one before, with 64 bits that wrap. A column of
//! UUIDs is one text: their bytes, 16 each, in base64 (RFC 4648, section 4) without padding.

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

/// The bytes of a UUID in its usual notation: lower case, with hyphens. `None` of any other text.
pub fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 16];
    let mut at = 0;
    for (place, byte) in bytes.iter_mut().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            (text[at] == b'-').then_some(())?;
            at += 1;
        }
        *byte = hex(text[at])? << 4 | hex(text[at + 1])?;
        at += 2;
    }
    Some(bytes)
}

/// The usual notation of a UUID's bytes.
pub fn uuid_text(bytes: &[u8; 16]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text of a column of UUIDs.
pub fn uuids_text(uuids: &[[u8; 16]]) -> String {
    let bytes = uuids.as_flattened();
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = group.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..=group.len() {
            text.push(char::from(ALPHABET[(word >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}

/// Reads a column of UUIDs. `None` of a text that is none.
pub fn uuids(text: &str) -> Option<Vec<[u8; 16]>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    for group in text.as_bytes().chunks(4) {
        let mut word = 0u32;
        for byte in group {
            word = word << 6 | u32::from(digit(*byte)?);
        }
        word <<= 6 * (4 - group.len());
        bytes.extend_from_slice(&word.to_be_bytes()[1..group.len()]);
    }
    let (uuids, rest) = bytes.as_chunks::<16>();
    // Of several texts with the same bytes only one is right.
    (rest.is_empty() && uuids_text(uuids) == text).then(|| uuids.to_vec())
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

//! The digest of a stream: the sum modulo 2^64 of one term for each live record.
//!
//! A sum does not depend on the order of records, and one write changes it by one subtraction and one addition. The sequence number stands
//! for the content: a server never gives it out twice.

use sha2::{Digest, Sha256};

/// The name of this digest in `integrity.alg`.
pub const ALGORITHM: &str = "sx64";

/// A record's term: the first 8 bytes (big endian) of SHA-256(id ‖ 0x00 ‖ decimal seq).
pub fn term(id: &str, seq: i64) -> u64 {
    let mut hash = Sha256::new();
    hash.update(id.as_bytes());
    hash.update([0]);
    hash.update(seq.to_string().as_bytes());
    hash.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A digest as replies write it: 16 hexadecimal digits.
pub fn text(digest: u64) -> String {
    format!("{digest:016x}")
}

/// Reads [`text`]; `None` if it is no hexadecimal number of 64 bits.
pub fn parse(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then(|| u64::from_str_radix(text, 16).ok()).flatten()
}

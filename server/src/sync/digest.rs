//! The digest of a stream: the sum modulo 2^64 of one term for each live record.
//!
//! A sum does not care for order and is kept up to date by one subtraction and one addition a write. The sequence number stands for the
//! content: it is never given out twice.

use sha2::{Digest, Sha256};

/// The first 8 bytes (big endian) of SHA-256(id ‖ 0x00 ‖ decimal seq).
pub(crate) fn term(id: &str, seq: i64) -> u64 {
    let mut hash = Sha256::new();
    hash.update(id.as_bytes());
    hash.update([0]);
    hash.update(seq.to_string().as_bytes());
    let bytes: [u8; 32] = hash.finalize().into();
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_term_is_the_documented_one() {
        // printf 'abc\0%d' 7 | sha256sum
        assert_eq!(format!("{:016x}", term("abc", 7)), "d3fc7cdce52f63cd");
    }
}

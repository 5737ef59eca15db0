//! A number over all live documents of a collection, to compare with the server's (protocol, section 5).

use crate::error::Result;
use crate::store::documents;
use rusqlite::Connection;
use sha2::{Digest, Sha256};

/// What one live document adds to the digest.
pub(in crate::sync) fn term(id: &str, seq: i64) -> u64 {
    let hash = Sha256::new().chain_update(id).chain_update([0]).chain_update(seq.to_string()).finalize();
    hash[..8].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// Count and digest, computed from the rows.
pub(crate) fn of_collection(connection: &Connection, collection: i64) -> Result<(i64, u64)> {
    let mut sum = (0, 0u64);
    documents::for_each_live(connection, collection, |id, seq| sum = (sum.0 + 1, sum.1.wrapping_add(term(id, seq))))?;
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_term_is_what_the_protocol_says() {
        // printf 'a\0001' | sha256sum
        assert_eq!(term("a", 1), 0x05a9_c569_a185_ac60);
        assert_ne!(term("a", 1), term("a", 2));
        assert_ne!(term("a", 11), term("a1", 1));
    }
}

//! A number over all live documents of a collection, to compare with the server's (protocol, section 5).

use crate::error::Result;
use crate::store::documents;
use rusqlite::Connection;

pub(in crate::sync) use holm_protocol::digest::term;

/// Count and digest, computed from the rows.
pub(crate) fn of_collection(connection: &Connection, collection: i64) -> Result<(i64, u64)> {
    let mut sum = (0, 0u64);
    documents::for_each_live(connection, collection, |id, seq| sum = (sum.0 + 1, sum.1.wrapping_add(term(id, seq))))?;
    Ok(sum)
}

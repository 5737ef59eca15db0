//! Deleting everything that belongs to an account.

use crate::error::Result;
use crate::store::Tx;

/// Deletes all documents, operations, conflicts and the journal. What belongs to the device (its id, its counter of operations, the
/// collections and their indexes) stays.
pub(crate) fn wipe(tx: &Tx<'_>) -> Result<()> {
    tx.execute_batch(
        "DELETE FROM documents; DELETE FROM outbox; DELETE FROM streams; DELETE FROM conflicts; DELETE FROM journal;
         DELETE FROM endings; DELETE FROM uses; DELETE FROM pins;
         DELETE FROM meta WHERE key IN ('user_id', 'last_sync_ms');",
    )?;
    Ok(())
}

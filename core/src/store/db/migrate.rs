//! Numbered schema steps.
//!
//! Invariants:
//! - Step N of `migrations/` brings schema N-1 to N, in one transaction with the number itself: a cut leaves N-1 whole.
//! - A step that was released is never edited; a mistake is mended by a later step.

use crate::error::Result;
use rusqlite::{Connection, TransactionBehavior};

const STEPS: [&str; 1] = [include_str!("migrations/0001_initial.sql")];

/// "Holm" in ASCII: written into the file's header.
pub(in crate::store) const APPLICATION_ID: i32 = 0x486f_6c6d;
/// The schema that this build writes.
pub(crate) const NEWEST: u32 = STEPS.len() as u32;

/// Runs the steps that the database lacks.
pub(in crate::store) fn run(connection: &mut Connection) -> Result<()> {
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let Some(step) = STEPS.get(found as usize) else {
            return Ok(());
        };
        transaction.execute_batch(step)?;
        transaction.execute_batch(&format!(
            "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {};",
            found + 1
        ))?;
        transaction.commit()?;
        tracing::info!(schema = found + 1, "database schema brought up to date");
    }
}

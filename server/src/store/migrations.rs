//! The schema, as numbered steps in `migrations/`.
//!
//! Invariants:
//! - A step that has been released is never edited; a change is a new step.
//! - Each step and the new schema number commit together: a process that is killed continues where it was.

use super::OpenError;
use rusqlite::{Connection, TransactionBehavior};

const STEPS: &[&str] = &[include_str!("../../migrations/0001_initial.sql")];
/// "HOLS" in the header of our files.
const APPLICATION_ID: i32 = 0x484f_4c53;
const NEWEST: i32 = STEPS.len() as i32;

/// Refuses a file of another program or of a newer server. Only reads.
pub(super) fn check(connection: &Connection) -> Result<(), OpenError> {
    let application_id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let fresh = application_id == 0 && found == 0 && tables == 0;
    if application_id != APPLICATION_ID && !fresh {
        return Err(OpenError::Foreign { application_id });
    }
    if found > NEWEST {
        return Err(OpenError::SchemaTooNew { found, supported: NEWEST });
    }
    Ok(())
}

/// Takes the steps that the database has not seen.
pub(super) fn apply(connection: &mut Connection) -> Result<(), OpenError> {
    for (number, step) in (1..).zip(STEPS) {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: i32 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found < number {
            tx.execute_batch(step)?;
            tx.pragma_update(None, "application_id", APPLICATION_ID)?;
            tx.pragma_update(None, "user_version", number)?;
            tx.commit()?;
        }
    }
    Ok(())
}

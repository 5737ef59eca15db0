//! Which documents a transaction changed, as SQLite saw it: a log that triggers write. In debug builds every transaction is checked against
//! it, so a function that writes a document and does not note it ([`Tx::changed`](super::Tx::changed)) fails in the first test that calls it.

use super::transaction::ChangedRow;
use crate::error::Result;
use rusqlite::Connection;

/// Installs the log on the writer's connection. It lives in memory and belongs to that connection alone.
pub(in crate::store) fn install(connection: &Connection) -> Result<()> {
    connection.execute_batch(
        "CREATE TEMP TABLE changed (collection INTEGER NOT NULL, row INTEGER NOT NULL);
         CREATE TEMP TRIGGER document_inserted AFTER INSERT ON main.documents BEGIN
             INSERT INTO changed VALUES (new.collection, new.row);
         END;
         CREATE TEMP TRIGGER document_updated AFTER UPDATE ON main.documents BEGIN
             INSERT INTO changed VALUES (new.collection, new.row);
         END;
         CREATE TEMP TRIGGER document_deleted AFTER DELETE ON main.documents BEGIN
             INSERT INTO changed VALUES (old.collection, old.row);
         END;
         -- A document's status comes from its operations.
         CREATE TEMP TRIGGER operation_moved AFTER UPDATE OF state, kind ON main.operations
             WHEN old.state <> new.state OR old.kind <> new.kind BEGIN
             INSERT INTO changed SELECT collection, row FROM main.documents WHERE row = new.document;
         END;",
    )?;
    Ok(())
}

/// Checks that what was noted is what changed, each row once, and empties the log.
pub(in crate::store) fn check(connection: &Connection, noted: &[ChangedRow]) -> Result<()> {
    assert_eq!(take(connection)?, noted, "the changed documents, and those that were noted");
    Ok(())
}

fn take(connection: &Connection) -> Result<Vec<ChangedRow>> {
    let mut statement = connection.prepare_cached("SELECT collection, row FROM temp.changed")?;
    let mut rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<Vec<_>, _>>()?;
    if !rows.is_empty() {
        connection.prepare_cached("DELETE FROM temp.changed")?.execute([])?;
        rows.sort_unstable();
        rows.dedup();
    }
    Ok(rows)
}

//! Which documents a transaction changed: a log that triggers write, in the transaction itself.
//!
//! SQLite's `update_hook` will not do: it is silent for some deletes, fires for rows that a savepoint takes back, and would call
//! us in the middle of a statement. A row of this log is undone with the change that wrote it.

use crate::error::Result;
use rusqlite::Connection;

/// A changed row: (collection, row of `documents`).
pub(crate) type ChangedRow = (i64, i64);

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
         CREATE TEMP TRIGGER operation_moved AFTER UPDATE OF state ON main.operations WHEN old.state <> new.state BEGIN
             INSERT INTO changed SELECT collection, row FROM main.documents WHERE row = new.document;
         END;",
    )?;
    Ok(())
}

/// Takes the log: what changed since the last time, each row once.
pub(in crate::store) fn take(connection: &Connection) -> Result<Vec<ChangedRow>> {
    let mut statement = connection.prepare_cached("SELECT collection, row FROM temp.changed")?;
    let mut rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<Vec<_>, _>>()?;
    if !rows.is_empty() {
        connection.prepare_cached("DELETE FROM temp.changed")?.execute([])?;
        rows.sort_unstable();
        rows.dedup();
    }
    Ok(rows)
}

/// Notices commits of other processes: SQLite counts them for each connection, and a connection's own commits do not move its count.
#[derive(Default)]
pub(in crate::store) struct OtherProcesses {
    /// The count that was seen last; `None` before the first look of a connection.
    seen: Option<i64>,
    /// Another process has committed, and the observer was not told yet.
    untold: bool,
}

impl OtherProcesses {
    /// Looks at the count. Inside a transaction it covers all that the transaction sees.
    pub fn look(&mut self, connection: &Connection) -> Result<()> {
        let now = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        self.untold |= self.seen.replace(now).is_some_and(|seen| seen != now);
        Ok(())
    }

    /// Whether the observer has to be told. It counts as told from here on.
    pub fn take(&mut self) -> bool {
        std::mem::take(&mut self.untold)
    }

    /// The connection was given up after a failure: its count is lost, so anything may have happened.
    pub fn lose(&mut self) {
        *self = Self { seen: None, untold: true };
    }
}

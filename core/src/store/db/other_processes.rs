//! Commits of other processes.

use crate::error::Result;
use rusqlite::Connection;

/// Notices commits of other processes: SQLite counts them for each connection, and a connection's own commits do not move its count.
#[derive(Default)]
pub(in crate::store) struct OtherProcesses {
    /// The count that was seen last; `None` before the first look of a connection.
    seen: Option<i64>,
    /// Another process has committed, and the observer was not told yet.
    untold: bool,
}

impl OtherProcesses {
    /// Looks at the count: whether it has moved. Inside a transaction it covers all that the transaction sees.
    pub fn look(&mut self, connection: &Connection) -> Result<bool> {
        let now = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        let moved = self.seen.replace(now).is_some_and(|seen| seen != now);
        self.untold |= moved;
        Ok(moved)
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

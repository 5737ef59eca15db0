//! One reading connection, and the snapshot that it keeps from one call to the next.
//!
//! Invariants:
//! - Every query runs in a transaction whose snapshot stands before the query begins.
//! - A kept snapshot is used again only if the log's index says that no process has committed since before it was taken. So a query sees what a new
//!   snapshot would show.

use super::connection::{self, Location, Role};
use super::wal_index::{IndexedConnection, Mark};
use crate::error::Result;
use rusqlite::{Connection, InterruptHandle};
use std::sync::Arc;

/// An open transaction.
struct Snapshot {
    /// What the index said before the snapshot was taken: it has this commit, perhaps later ones.
    mark: Option<Mark>,
}

/// A connection that reads.
pub(super) struct Reader {
    connection: IndexedConnection,
    interrupt: Arc<InterruptHandle>,
    snapshot: Option<Snapshot>,
    /// Whether it was used since the pool looked for idle ones.
    pub used: bool,
}

impl Reader {
    pub fn open(location: &Location) -> Result<Self> {
        let connection = IndexedConnection::new(connection::open(location, Role::Reader)?);
        let interrupt = Arc::new(connection.get_interrupt_handle());
        Ok(Self { connection, interrupt, snapshot: None, used: false })
    }

    pub fn interrupt(&self) -> Arc<InterruptHandle> {
        self.interrupt.clone()
    }

    /// What the index says now.
    pub fn mark(&self) -> Option<Mark> {
        self.connection.mark()
    }

    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether it keeps a snapshot.
    pub fn keeps_snapshot(&self) -> bool {
        self.snapshot.is_some()
    }

    /// Sees to it that the snapshot is up to date. Returns the mark of a new one, and `None` if the kept one still holds.
    pub fn refresh(&mut self) -> Result<Option<Mark>> {
        let mark = self.mark();
        if let Some(kept) = &self.snapshot
            && mark.is_some()
            && kept.mark == mark
        {
            return Ok(None);
        }
        self.end()?;
        self.connection.prepare_cached("BEGIN")?.raw_execute()?;
        self.snapshot = Some(Snapshot { mark });
        take_snapshot(&self.connection)?;
        Ok(mark)
    }

    /// Lets go of the snapshot. False: the connection is of no use any more.
    pub fn let_go(&mut self) -> bool {
        self.end().inspect_err(|error| tracing::warn!(%error, "a snapshot could not be ended")).is_ok()
    }

    fn end(&mut self) -> Result<()> {
        if self.snapshot.take().is_some() {
            self.connection.prepare_cached("COMMIT")?.raw_execute()?;
        }
        Ok(())
    }
}

/// Takes the snapshot of a transaction that has begun: it has none before its first read.
pub(super) fn take_snapshot(connection: &Connection) -> Result<()> {
    connection.prepare_cached("SELECT NULL FROM collections LIMIT 1")?.exists([])?;
    Ok(())
}

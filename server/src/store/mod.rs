//! The database: one SQLite file, or the same in memory.
//!
//! Invariants:
//! - Every connection is opened by [`connection::open`].
//! - All writes go through one connection. Concurrent requests share a transaction, each in its own savepoint; a request that fails is
//!   undone alone. Nobody hears of a result before the transaction that holds it is durable.
//! - Because writes are one after another, rows of a stream become visible in the order of their sequence numbers.
//! - A read sees one snapshot from its first query to its last.
//! - In memory everything happens on the task that asks, without threads: the same calls in the same order give the same results.
//!
//! SQL stands beside the one function that runs it. Modules here know tables; what the rows mean is decided in `sync` and `auth`.

pub(crate) mod accounts;
mod commit;
mod connection;
pub(crate) mod devices;
mod error;
pub(crate) mod idempotency;
pub(crate) mod ledger;
mod migrations;
mod queue;
mod readers;
pub(crate) mod records;
pub(crate) mod retention;
pub(crate) mod spaces;
pub(crate) mod streams;
mod writer;

pub use commit::CommitGate;
pub(crate) use commit::WriteTx;
pub(crate) use connection::Location;
pub use error::OpenError;
pub(crate) use error::StoreError;

use crate::config::Runtime;
use crate::entropy::Entropy;
use base64ct::{Base64UrlUnpadded, Encoding};
use readers::Readers;
use rusqlite::{Connection, OptionalExtension};
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use writer::Writer;

/// The open database. Dropping it finishes the writes that are queued and closes it.
pub(crate) struct Database {
    mode: DatabaseMode,
    epoch: String,
}

enum DatabaseMode {
    /// On the caller's task.
    Inline { connection: Mutex<Connection>, gate: Option<Arc<dyn CommitGate>> },
    /// One thread that writes, some that read.
    Threads { writer: Writer, readers: Readers, _lock: File },
}

impl Database {
    /// Opens or makes the database and brings its schema up to date. Blocks.
    pub(crate) fn open(
        location: &Location,
        runtime: &Runtime,
        entropy: &dyn Entropy,
        gate: Option<Arc<dyn CommitGate>>,
    ) -> Result<Self, OpenError> {
        let lock = connection::lock(location)?;
        let mut writer = connection::open(location, connection::Role::Writer)?;
        migrations::apply(&mut writer)?;
        let epoch = epoch(&writer, entropy)?;
        let mode = match lock {
            None => DatabaseMode::Inline { connection: Mutex::new(writer), gate },
            Some(lock) => DatabaseMode::Threads {
                readers: Readers::start(location, runtime)?,
                writer: Writer::start(writer, runtime.max_waiting, gate)?,
                _lock: lock,
            },
        };
        Ok(Self { mode, epoch })
    }

    /// The random name of this database's history.
    pub(crate) fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Whether work is done on the calling task.
    pub(crate) fn is_inline(&self) -> bool {
        matches!(self.mode, DatabaseMode::Inline { .. })
    }

    /// Runs `work` on one snapshot.
    ///
    /// Dropping the future gives up the answer; work that has not begun is then skipped.
    pub(crate) async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.mode {
            DatabaseMode::Inline { connection, .. } => work(&connection.lock().unwrap_or_else(PoisonError::into_inner)),
            DatabaseMode::Threads { readers, .. } => readers.run(work).await,
        }
    }

    /// Runs `work` in a transaction and answers once that is durable. An error undoes what `work` did.
    ///
    /// Dropping the future gives up the answer, not the work: it commits or fails as a whole.
    pub(crate) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.mode {
            DatabaseMode::Inline { connection, gate } => {
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                commit::alone(&connection, gate.as_deref(), work)
            }
            DatabaseMode::Threads { writer, .. } => writer.run(work).await,
        }
    }

    /// Finishes queued work, moves the log into the database file and closes it. Blocks.
    pub(crate) fn close(&self) {
        if let DatabaseMode::Threads { writer, readers, .. } = &self.mode {
            readers.stop();
            writer.stop();
        }
    }
}

/// Gives the database at `location` a new epoch, so that every device starts its copy anew: the step after restoring a backup. Blocks.
pub(crate) fn renew_epoch(location: &Location, entropy: &dyn Entropy) -> Result<(), OpenError> {
    let _lock = connection::lock(location)?;
    let mut writer = connection::open(location, connection::Role::Writer)?;
    migrations::apply(&mut writer)?;
    writer.execute("DELETE FROM server WHERE key = 'epoch'", [])?;
    epoch(&writer, entropy).map(|_| ())
}

fn epoch(connection: &Connection, entropy: &dyn Entropy) -> Result<String, OpenError> {
    let known =
        connection.query_row("SELECT value FROM server WHERE key = 'epoch'", [], |row| row.get(0)).optional()?;
    if let Some(epoch) = known {
        return Ok(epoch);
    }
    let epoch = Base64UrlUnpadded::encode_string(&entropy.bytes::<12>()?);
    connection.execute("INSERT INTO server (key, value) VALUES ('epoch', ?1)", [&epoch])?;
    Ok(epoch)
}

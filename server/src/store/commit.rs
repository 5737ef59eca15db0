//! Transactions of the one writer.

use super::StoreError;
use super::watch::Watch;
use rusqlite::Connection;
use std::ops::Deref;

/// Asked before every commit. `false` undoes the transaction, as a crash or a full disk would at that moment; every request that shared
/// it gets `SERVICE_UNAVAILABLE`.
///
/// For simulators. The server of the binary has none.
pub trait CommitGate: Send + Sync + 'static {
    /// Whether the commit may go on.
    fn admit(&self) -> bool;
}

impl<F: Fn() -> bool + Send + Sync + 'static> CommitGate for F {
    fn admit(&self) -> bool {
        self()
    }
}

/// Proof that a write transaction is open on the connection.
pub(crate) struct WriteTx<'c> {
    connection: &'c Connection,
    watch: Option<&'c Watch>,
}

impl Deref for WriteTx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl WriteTx<'_> {
    /// Ends work that has taken too long, or that no caller waits for. To be asked between two pieces of one job.
    pub(crate) fn check_time(&self) -> Result<(), StoreError> {
        self.watch.map_or(Ok(()), Watch::check)
    }

    /// Whether work that can be done in parts should commit what it has done, and do the rest in its next turn.
    pub(crate) fn turn_is_over(&self) -> bool {
        self.watch.is_some_and(Watch::turn_is_over)
    }

    /// Runs `work` so that an error undoes it and nothing else.
    ///
    /// A savepoint inside another has another level. After a panic in the inner one, going back to the outer one undoes both; two of
    /// the same name would leave what the outer one did before.
    pub(crate) fn savepoint<T, E: From<StoreError>>(
        &self,
        level: Level,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let [begin, undo, end] = match level {
            Level::Request => ["SAVEPOINT request", "ROLLBACK TO request", "RELEASE request"],
            Level::Unit => ["SAVEPOINT unit", "ROLLBACK TO unit", "RELEASE unit"],
        };
        execute(self, begin)?;
        let result = work();
        // A full disk makes SQLite end the whole transaction, savepoints and all.
        if self.is_autocommit() {
            return Err(StoreError::Unavailable("the database undid the transaction".to_owned()).into());
        }
        if result.is_err() {
            execute(self, undo)?;
        }
        execute(self, end)?;
        result
    }
}

/// The purpose of a savepoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// A request that shares a transaction with others.
    Request,
    /// A part of a request that has all of its effects or none.
    Unit,
}

/// Begins a transaction.
pub(super) fn begin<'c>(connection: &'c Connection, watch: Option<&'c Watch>) -> Result<WriteTx<'c>, StoreError> {
    execute(connection, "BEGIN IMMEDIATE")?;
    Ok(WriteTx { connection, watch })
}

/// Makes it durable, or undoes it.
pub(super) fn commit(tx: WriteTx<'_>, gate: Option<&dyn CommitGate>) -> Result<(), StoreError> {
    let result = match gate {
        Some(gate) if !gate.admit() => Err(StoreError::Unavailable("the commit was refused".to_owned())),
        _ => execute(&tx, "COMMIT"),
    };
    if result.is_err() {
        rollback(tx);
    }
    result
}

/// Undoes it.
pub(super) fn rollback(tx: WriteTx<'_>) {
    if !tx.is_autocommit()
        && let Err(error) = execute(&tx, "ROLLBACK")
    {
        tracing::error!(%error, "cannot undo a transaction");
    }
}

/// One piece of work in a transaction of its own.
pub(super) fn alone<T, E: From<StoreError>>(
    connection: &Connection,
    gate: Option<&dyn CommitGate>,
    work: impl FnOnce(&WriteTx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    /// Ends the transaction if `work` fails or panics.
    struct Undo<'c>(&'c Connection);
    impl Drop for Undo<'_> {
        fn drop(&mut self) {
            rollback(WriteTx { connection: self.0, watch: None });
        }
    }
    let tx = begin(connection, None)?;
    let _undo = Undo(connection);
    let value = work(&tx)?;
    commit(tx, gate)?;
    Ok(value)
}

fn execute(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql).and_then(|mut statement| statement.execute([])).map(|_| ()).map_err(StoreError::from)
}

//! The database: one SQLite file, or the same in memory.
//!
//! Invariants:
//! - Every connection is opened by [`connection::open`].
//! - All writes go through one connection. Concurrent requests share a transaction, each in its own savepoint; a request that fails is
//!   undone alone. No result is answered before the transaction that holds it is durable.
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
pub(crate) mod facts;
pub(crate) mod idempotency;
pub(crate) mod identities;
pub(crate) mod jobs;
pub(crate) mod ledger;
mod migrations;
mod queue;
mod readers;
pub(crate) mod records;
pub(crate) mod retention;
pub(crate) mod spaces;
pub(crate) mod streams;
mod watch;
mod writer;

pub use commit::CommitGate;
pub(crate) use commit::{Level, WriteTx};
pub(crate) use connection::{Location, lock};
pub use error::OpenError;
pub(crate) use error::StoreError;

use crate::config::Runtime;
use crate::entropy::Entropy;
use crate::metrics::{Present, StoreMetrics};
use base64ct::{Base64UrlUnpadded, Encoding};
pub(crate) use queue::Lane;
use readers::Readers;
use rusqlite::Connection;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use writer::Writer;

/// The open database. Dropping it finishes the writes that are queued and closes it.
pub(crate) struct Database {
    mode: DatabaseMode,
    epoch: String,
    folder: Option<PathBuf>,
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
        metrics: &StoreMetrics,
    ) -> Result<Self, OpenError> {
        let lock = lock(location)?;
        let mut writer = connection::open(location, connection::Role::Writer)?;
        migrations::apply(&mut writer)?;
        let epoch = epoch(&writer, entropy)?;
        let mode = match lock {
            None => DatabaseMode::Inline { connection: Mutex::new(writer), gate },
            Some(lock) => DatabaseMode::Threads {
                readers: Readers::start(location, runtime, metrics)?,
                writer: Writer::start(writer, runtime, gate, metrics.clone())?,
                _lock: lock,
            },
        };
        let folder = match location {
            Location::Directory(folder) | Location::SingleThread(folder) => Some(folder.clone()),
            Location::Memory => None,
        };
        Ok(Self { mode, epoch, folder })
    }

    /// The random name of this database's history.
    pub(crate) fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Whether work is done on the calling task.
    pub(crate) fn is_inline(&self) -> bool {
        matches!(self.mode, DatabaseMode::Inline { .. })
    }

    /// What waits, and how large the files are.
    pub(crate) fn present(&self) -> Present {
        let size = |name| {
            self.folder.as_ref().and_then(|folder| folder.join(name).metadata().ok()).map_or(0, |file| file.len())
        };
        let (writes_waiting, reads_waiting) = self.waiting();
        let (file_bytes, log_bytes) = (size("holm.db"), size("holm.db-wal"));
        Present { writes_waiting, reads_waiting, file_bytes, log_bytes, ..Present::default() }
    }

    /// How many writes and reads wait for their turn.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        match &self.mode {
            DatabaseMode::Inline { .. } => (0, 0),
            DatabaseMode::Threads { writer, readers, .. } => (writer.waiting(), readers.waiting()),
        }
    }

    /// Runs `work` on one snapshot, when it is the turn of `lane`.
    ///
    /// Dropping the future gives the work up: it is not begun, or ends where it is. So does work that exceeds the budget: [`StoreError::TimedOut`].
    pub(crate) async fn read<T, E, F>(&self, lane: Lane, work: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.mode {
            DatabaseMode::Inline { connection, .. } => {
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                guarded(|| work(&connection))
            }
            DatabaseMode::Threads { readers, .. } => readers.run(lane, work).await,
        }
    }

    /// Runs `work` in a transaction, when it is the turn of `lane`, and answers once that is durable. An error undoes what `work` did.
    ///
    /// Dropping the future gives the work up: it is not begun, or, where it asks [`WriteTx::check_time`], undone; else it commits as a whole.
    pub(crate) async fn write<T, E, F>(&self, lane: Lane, work: F) -> Result<T, E>
    where
        F: FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.mode {
            DatabaseMode::Inline { connection, gate } => {
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                guarded(|| commit::alone(&connection, gate.as_deref(), work))
            }
            DatabaseMode::Threads { writer, .. } => writer.run(lane, work).await,
        }
    }

    /// Finishes queued work, for at most `patience`, moves the log into the database file and closes it. Blocks. Returns whether all was
    /// finished; if not, what was under way has been undone or is by the next start.
    pub(crate) fn close(&self, patience: Duration) -> bool {
        match &self.mode {
            DatabaseMode::Threads { writer, readers, .. } => readers.stop(patience) & writer.stop(patience),
            DatabaseMode::Inline { .. } => true,
        }
    }
}

/// Runs work on the calling task; a panic is a fault of the work, as on the threads.
fn guarded<T, E: From<StoreError>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(StoreError::Broken("the work panicked".to_owned()).into()))
}

/// A connection that reads, beside a server that may run. Blocks.
pub(crate) fn open_beside(location: &Location) -> Result<Connection, OpenError> {
    connection::open(location, connection::Role::Reader)
}

/// A connection that writes. Beside a server that runs, for a single statement only. Blocks.
pub(crate) fn open_alone(location: &Location) -> Result<Connection, OpenError> {
    connection::open(location, connection::Role::Writer)
}

/// Refuses a file that is no database of this server, or of a newer one. Only reads.
pub(crate) fn check_file(connection: &Connection) -> Result<(), OpenError> {
    migrations::check(connection)?;
    match connection.pragma_query_value(None, "application_id", |row| row.get(0))? {
        0 => Err(OpenError::Foreign { application_id: 0 }),
        _ => Ok(()),
    }
}

/// Gives the database at `location` a new epoch, so that every device starts its copy anew: the step after restoring a backup. Blocks.
pub(crate) fn renew_epoch(location: &Location, entropy: &dyn Entropy) -> Result<(), OpenError> {
    let _lock = lock(location)?;
    let mut writer = connection::open(location, connection::Role::Writer)?;
    migrations::apply(&mut writer)?;
    writer.execute("DELETE FROM server WHERE key = 'epoch'", [])?;
    epoch(&writer, entropy).map(|_| ())
}

fn epoch(connection: &Connection, entropy: &dyn Entropy) -> Result<String, OpenError> {
    if let Some(epoch) = facts::find(connection, facts::EPOCH)? {
        return Ok(epoch);
    }
    let epoch = Base64UrlUnpadded::encode_string(&entropy.bytes::<12>()?);
    facts::put(connection, facts::EPOCH, &epoch)?;
    Ok(epoch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::OsEntropy;
    use crate::metrics::Metrics;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::mpsc::channel;

    /// Counts commits, and refuses them while it is shut.
    #[derive(Default)]
    struct Gate {
        commits: AtomicUsize,
        shut: AtomicBool,
    }

    impl CommitGate for Gate {
        fn admit(&self) -> bool {
            self.commits.fetch_add(1, Ordering::SeqCst);
            !self.shut.load(Ordering::SeqCst)
        }
    }

    fn open(folder: &tempfile::TempDir) -> (Database, Arc<Gate>) {
        let gate = Arc::new(Gate::default());
        let location = Location::Directory(folder.path().to_owned());
        let database = Database::open(
            &location,
            &Runtime::default(),
            &OsEntropy,
            Some(Arc::clone(&gate) as _),
            &Metrics::default().store,
        )
        .unwrap();
        (database, gate)
    }

    fn insert(key: i32) -> impl FnOnce(&WriteTx<'_>) -> Result<(), StoreError> + Send + 'static {
        move |tx| {
            tx.execute("INSERT INTO server (key, value) VALUES (?1, '')", [key.to_string()])?;
            if key % 3 == 1 { Err(StoreError::Broken("asked for it".to_owned())) } else { Ok(()) }
        }
    }

    async fn keys(database: &Database) -> Vec<String> {
        let read = database.read::<_, StoreError, _>(Lane::Shared, |db| {
            let mut statement = db.prepare("SELECT key FROM server WHERE key <> 'epoch' ORDER BY key")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<Vec<String>>>()?)
        });
        read.await.unwrap()
    }

    /// Keeps the writer busy, queues ten writes behind that, lets go; returns how they went.
    async fn ten_at_once(database: &Arc<Database>) -> Vec<Result<(), StoreError>> {
        let (begun, has_begun) = channel();
        let (release, released) = channel::<()>();
        let busy = Arc::clone(database);
        let blocker = tokio::spawn(async move {
            let write = busy.write::<_, StoreError, _>(Lane::Shared, move |_| {
                let _ = begun.send(());
                let _ = released.recv();
                Ok(())
            });
            write.await
        });
        tokio::task::spawn_blocking(move || has_begun.recv()).await.unwrap().unwrap();
        let mut writes: Vec<_> = (0..10).map(|key| Box::pin(database.write(Lane::Shared, insert(key)))).collect();
        std::future::poll_fn(|cx| {
            for write in &mut writes {
                assert!(write.as_mut().poll(cx).is_pending());
            }
            std::task::Poll::Ready(())
        })
        .await;
        drop(release);
        // Whether it shares a commit with the others depends on how long it kept the writer busy.
        let _ = blocker.await.unwrap();
        let mut results = Vec::new();
        for write in writes {
            results.push(write.await);
        }
        results
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn waiting_requests_share_a_commit_and_fail_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (database, gate) = open(&folder);
        let database = Arc::new(database);
        let results = ten_at_once(&database).await;
        for (key, result) in results.iter().enumerate() {
            assert_eq!(result.is_err(), key % 3 == 1, "{key}");
        }
        assert_eq!(keys(&database).await, ["0", "2", "3", "5", "6", "8", "9"]);
        assert!(gate.commits.load(Ordering::SeqCst) <= 2, "ten writes, and the one before them");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn failed_commit_fails_every_request_that_shared_it() {
        let folder = tempfile::tempdir().unwrap();
        let (database, gate) = open(&folder);
        let database = Arc::new(database);
        gate.shut.store(true, Ordering::SeqCst);
        for result in ten_at_once(&database).await {
            assert!(
                matches!(result, Err(StoreError::Unavailable(_))),
                "also those who were refused on the strength of it"
            );
        }
        gate.shut.store(false, Ordering::SeqCst);
        assert_eq!(keys(&database).await, [""; 0]);
        database.write(Lane::Shared, insert(0)).await.unwrap();
        assert_eq!(keys(&database).await, ["0"]);
    }

    #[tokio::test]
    async fn panicking_work_is_undone_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (database, _) = open(&folder);
        for _ in 0..5 {
            let panics = database.write::<(), StoreError, _>(Lane::Shared, |tx| {
                insert(0)(tx)?;
                panic!("on purpose")
            });
            assert!(matches!(panics.await, Err(StoreError::Broken(_))));
            let panics = database.read::<(), StoreError, _>(Lane::Shared, |_| panic!("on purpose"));
            assert!(matches!(panics.await, Err(StoreError::Broken(_))));
        }
        assert_eq!(keys(&database).await, [""; 0]);
        assert!(database.close(Duration::from_secs(5)));
        let closed = database.read::<_, StoreError, _>(Lane::Shared, |_| Ok(())).await;
        assert_eq!(closed, Err(StoreError::Unavailable("shutting down".to_owned())));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn panic_inside_a_savepoint_undoes_the_whole_request() {
        let folder = tempfile::tempdir().unwrap();
        let (database, _) = open(&folder);
        let database = Arc::new(database);
        let (begun, has_begun) = channel();
        let (release, released) = channel::<()>();
        let busy = Arc::clone(&database);
        let blocker = tokio::spawn(async move {
            let write = busy.write::<_, StoreError, _>(Lane::Shared, move |_| {
                let _ = begun.send(());
                let _ = released.recv();
                Ok(())
            });
            write.await
        });
        tokio::task::spawn_blocking(move || has_begun.recv()).await.unwrap().unwrap();
        let panics = database.write::<(), StoreError, _>(Lane::Shared, |tx| {
            insert(0)(tx)?;
            tx.savepoint(Level::Unit, || {
                insert(2)(tx)?;
                panic!("on purpose")
            })
        });
        let (mut panics, mut other) = (Box::pin(panics), Box::pin(database.write(Lane::Shared, insert(3))));
        std::future::poll_fn(|cx| {
            assert!(panics.as_mut().poll(cx).is_pending() && other.as_mut().poll(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        drop(release);
        blocker.await.unwrap().unwrap();
        assert!(matches!(panics.await, Err(StoreError::Broken(_))));
        other.await.unwrap();
        assert_eq!(keys(&database).await, ["3"]);
    }

    /// Takes as long as it is let.
    const ENDLESS: &str = "WITH RECURSIVE n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

    #[tokio::test(flavor = "multi_thread")]
    async fn endless_read_ends_with_its_budget_or_its_caller() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Directory(folder.path().to_owned());
        let runtime = Runtime { readers: 1, work_budget_ms: 200, ..Runtime::default() };
        let database = Database::open(&location, &runtime, &OsEntropy, None, &Metrics::default().store).unwrap();
        let endless = || {
            database.read::<i64, StoreError, _>(Lane::User(1), |db| Ok(db.query_row(ENDLESS, [], |row| row.get(0))?))
        };
        assert_eq!(endless().await, Err(StoreError::TimedOut));
        assert!(tokio::time::timeout(Duration::from_millis(20), endless()).await.is_err());
        // The only reader is free again, and urgent work never had to wait for it.
        let under_way = tokio::time::timeout(Duration::from_millis(100), endless());
        let urgent =
            database.read::<_, StoreError, _>(Lane::Urgent, |db| Ok(db.query_row("SELECT 1", [], |row| row.get(0))?));
        let (_, urgent) = tokio::join!(under_way, urgent);
        assert_eq!(urgent, Ok(1));
        assert_eq!(keys(&database).await, [""; 0]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn abandoned_write_is_not_carried_out() {
        let folder = tempfile::tempdir().unwrap();
        let (database, _) = open(&folder);
        let (begun, has_begun) = channel();
        let first = database.write::<(), StoreError, _>(Lane::Shared, move |tx| {
            let _ = begun.send(());
            insert(0)(tx)?;
            loop {
                tx.check_time()?;
                std::thread::yield_now();
            }
        });
        let (mut first, mut second) = (Box::pin(first), Box::pin(database.write(Lane::Shared, insert(2))));
        std::future::poll_fn(|cx| {
            assert!(first.as_mut().poll(cx).is_pending() && second.as_mut().poll(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        tokio::task::spawn_blocking(move || has_begun.recv()).await.unwrap().unwrap();
        drop(second);
        drop(first);
        database.write(Lane::Shared, insert(3)).await.unwrap();
        assert_eq!(keys(&database).await, ["3"]);
    }

    #[test]
    fn epoch_differs_by_database_and_survives_reopening() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let epoch = open(&one).0.epoch().to_owned();
        assert_ne!(open(&other).0.epoch(), epoch);
        assert_eq!(open(&one).0.epoch(), epoch);
        renew_epoch(&Location::Directory(one.path().to_owned()), &OsEntropy).unwrap();
        assert_ne!(open(&one).0.epoch(), epoch);
    }
}

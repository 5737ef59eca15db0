//! The thread that writes.
//!
//! ```text
//! wait for work ─► BEGIN ─► SAVEPOINT, work, RELEASE or ROLLBACK TO ─► COMMIT ─► answer all ───────┐
//!      ▲                        ▲                     │                                            │
//!      │                        └── more is waiting ──┘                                            │
//!      └───────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! While one transaction is being forced to the disk, requests queue up and share the next one: the slower the disk, the larger the
//! groups. Work whose caller is gone is not begun, and ends where it is; work that takes too long is undone.

use super::commit::{self, CommitGate, Level, WriteTx};
use super::queue::{Jobs, Lane, Queue, Takes};
use super::watch::{Abandoned, Watch};
use super::{OpenError, StoreError};
use crate::config::Runtime;
use crate::metrics::StoreMetrics;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A group ends when so much time has passed or so many have joined: the first of them is waiting.
const GROUP_TIME: Duration = Duration::from_millis(10);
const GROUP_SIZE: usize = 128;

/// The handle on the thread.
pub(super) struct Writer {
    queue: Queue<Box<dyn Job>>,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        runtime: &Runtime,
        gate: Option<Arc<dyn CommitGate>>,
        metrics: StoreMetrics,
    ) -> Result<Self, OpenError> {
        let (jobs, stop) = (Jobs::new(runtime.max_waiting, metrics.waits("write")), Arc::new(AtomicBool::new(false)));
        let (queued, watch) = (Arc::clone(&jobs), Watch::new(runtime.work_budget(), Arc::clone(&stop), jobs.waiting()));
        let thread = std::thread::Builder::new()
            .name("holm-writer".to_owned())
            .spawn(move || serve(&connection, &watch, gate.as_deref(), &queued, &metrics))
            .map_err(OpenError::Thread)?;
        Ok(Self { queue: Queue::new(jobs, vec![thread], stop) })
    }

    /// See [`super::Database::write`].
    pub(super) async fn run<T, E, F>(&self, lane: Lane, work: F) -> Result<T, E>
    where
        F: FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let job =
            |reply, abandoned| -> Box<dyn Job> { Box::new(Task { work: Some(work), result: None, reply, abandoned }) };
        self.queue.ask(lane, job).await
    }

    /// How much waits.
    pub(super) fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// See [`Queue::stop`].
    pub(super) fn stop(&self, patience: Duration) -> bool {
        self.queue.stop(patience)
    }
}

/// Work whose caller waits for its result.
trait Job: Send {
    /// Does the work. `false`: undo it.
    fn run(&mut self, tx: &WriteTx<'_>) -> bool;
    /// Whether its caller waits.
    fn abandoned(&self) -> &Abandoned;
    /// Answers, now that it is known whether the transaction is durable.
    fn conclude(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Task<F, T, E> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
    abandoned: Abandoned,
}

impl<F, T, E> Job for Task<F, T, E>
where
    F: FnOnce(&WriteTx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &WriteTx<'_>) -> bool {
        self.result = self.work.take().map(|work| work(tx));
        matches!(self.result, Some(Ok(_)))
    }

    fn abandoned(&self) -> &Abandoned {
        &self.abandoned
    }

    fn conclude(self: Box<Self>, committed: Result<(), StoreError>) {
        // A refusal may rest on what others wrote in the same transaction, so it is void too if that came to nothing.
        let result = match committed {
            Ok(()) => self.result,
            Err(error) => Some(Err(error.into())),
        };
        if let Some(result) = result {
            // The receiver was dropped: the caller no longer waits.
            let _ = self.reply.send(result);
        }
    }
}

fn serve(
    connection: &Connection,
    watch: &Watch,
    gate: Option<&dyn CommitGate>,
    jobs: &Jobs<Box<dyn Job>>,
    metrics: &StoreMetrics,
) {
    while let Some(first) = jobs.wait(Takes::All) {
        if first.abandoned().is_set() {
            continue;
        }
        let (mut done, began) = (Vec::new(), Instant::now());
        let committed = group(connection, watch, gate, first, jobs, &mut done);
        metrics.transaction_seconds.observe(began.elapsed().as_secs_f64());
        metrics.transaction_requests.observe(done.len() as f64);
        if let Err(error) = &committed {
            tracing::error!(%error, requests = done.len(), "a transaction came to nothing");
        }
        for job in done {
            job.conclude(committed.clone());
        }
    }
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        tracing::warn!(%error, "cannot move the log into the database file; the next start will");
    }
}

/// Runs `first` and the jobs that are waiting in one transaction. All that took part are in `done`.
fn group(
    connection: &Connection,
    watch: &Watch,
    gate: Option<&dyn CommitGate>,
    mut first: Box<dyn Job>,
    jobs: &Jobs<Box<dyn Job>>,
    done: &mut Vec<Box<dyn Job>>,
) -> Result<(), StoreError> {
    let started = Instant::now();
    let begun = commit::begin(connection, Some(watch)).map(|tx| (attempt(&mut first, watch, &tx), tx));
    done.push(first);
    let (kept, mut tx) = begun?;
    if kept && tx.is_autocommit() {
        return Err(StoreError::Unavailable("the database undid the transaction".to_owned()));
    }
    if !kept {
        // It is alone until here, so undoing it is undoing the transaction. A savepoint would make SQLite copy every page that it
        // changes, which the only request of a quiet moment should not pay for.
        commit::rollback(tx);
        tx = commit::begin(connection, Some(watch))?;
    }
    while done.len() < GROUP_SIZE && started.elapsed() < GROUP_TIME {
        let Some(mut job) = jobs.try_next() else { break };
        if job.abandoned().is_set() {
            continue;
        }
        let outcome =
            tx.savepoint(Level::Request, || if attempt(&mut job, watch, &tx) { Ok(()) } else { Err(Undone::ByItself) });
        done.push(job);
        if let Err(Undone::ByTheStore(error)) = outcome {
            commit::rollback(tx);
            return Err(error);
        }
    }
    commit::commit(tx, gate)
}

/// Runs a job; one that panics asks to be undone.
fn attempt(job: &mut Box<dyn Job>, watch: &Watch, tx: &WriteTx<'_>) -> bool {
    watch.begin(job.abandoned().clone());
    let kept = catch_unwind(AssertUnwindSafe(|| job.run(tx))).unwrap_or(false);
    watch.end();
    kept
}

/// Why a savepoint was undone.
enum Undone {
    /// The work asked for it.
    ByItself,
    /// The database failed, and with it every job of the transaction.
    ByTheStore(StoreError),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::ByTheStore(error)
    }
}

//! The threads that read, each with a connection of its own.
//!
//! One more than configured: it does urgent work only, so pages of some users never keep others from being authenticated.

use super::connection::{self, Role};
use super::queue::{Jobs, Lane, Queue, Takes};
use super::watch::{Abandoned, Watch};
use super::{Location, OpenError, StoreError};
use crate::config::Runtime;
use crate::metrics::StoreMetrics;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::oneshot;

/// SQLite asks whether its work is over after so many steps: some tens of microseconds.
const STEPS: i32 = 2_000;

/// Work and its caller.
struct Job {
    work: Box<dyn FnOnce(&Connection) + Send>,
    abandoned: Abandoned,
}

/// The handle on the threads.
pub(super) struct Readers {
    queue: Queue<Job>,
}

impl Readers {
    pub(super) fn start(location: &Location, runtime: &Runtime, metrics: &StoreMetrics) -> Result<Self, OpenError> {
        let (jobs, stop) = (Jobs::new(runtime.max_waiting, metrics.waits("read")), Arc::new(AtomicBool::new(false)));
        let mut threads = Vec::new();
        for number in 0..=runtime.readers {
            let takes = if number == 0 { Takes::Urgent } else { Takes::All };
            let watch = Watch::new(runtime.work_budget(), Arc::clone(&stop), jobs.waiting());
            let mut connection = connection::open(location, Role::Reader)?;
            let asked = watch.clone();
            connection.progress_handler(STEPS, Some(move || asked.is_over()))?;
            let queued = Arc::clone(&jobs);
            let thread = std::thread::Builder::new()
                .name(format!("holm-reader-{number}"))
                .spawn(move || serve(&connection, &watch, &queued, takes))
                .map_err(OpenError::Thread)?;
            threads.push(thread);
        }
        Ok(Self { queue: Queue::new(jobs, threads, stop) })
    }

    /// See [`super::Database::read`].
    pub(super) async fn run<T, E, F>(&self, lane: Lane, work: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let job = |reply: oneshot::Sender<_>, abandoned| {
            let work = Box::new(move |connection: &Connection| {
                // The request may have been given up in the meantime.
                let _ = reply.send(snapshot(connection, work));
            });
            Job { work, abandoned }
        };
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

fn serve(connection: &Connection, watch: &Watch, jobs: &Jobs<Job>, takes: Takes) {
    while let Some(Job { work, abandoned }) = jobs.wait(takes) {
        if abandoned.is_set() {
            continue;
        }
        watch.begin(abandoned);
        // The job's reply channel is dropped with it: the caller learns of the panic.
        let _ = catch_unwind(AssertUnwindSafe(|| work(connection)));
        watch.end();
        // A panic leaves the snapshot open, which would keep the log from being moved into the file.
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
}

/// Runs `work` on one snapshot.
fn snapshot<T, E: From<StoreError>>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    let run = |sql| connection.prepare_cached(sql).and_then(|mut s| s.execute([])).map_err(StoreError::from);
    run("BEGIN")?;
    let result = work(connection);
    // Ending a snapshot cannot fail for a reason that matters: nothing was written. One that is left open is undone by the thread.
    let _ = run("COMMIT");
    result
}

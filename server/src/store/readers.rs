//! The threads that read, each with a connection of its own.

use super::connection::{self, Role};
use super::queue::Queue;
use super::{Location, OpenError, StoreError};
use crate::config::Runtime;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// The handle on the threads.
pub(super) struct Readers {
    queue: Queue<Job>,
}

impl Readers {
    pub(super) fn start(location: &Location, runtime: &Runtime) -> Result<Self, OpenError> {
        let (sender, receiver) = sync_channel::<Job>(runtime.max_waiting);
        let receiver = Arc::new(Mutex::new(receiver));
        let mut threads = Vec::new();
        for number in 0..runtime.readers {
            let connection = connection::open(location, Role::Reader)?;
            let jobs = Arc::clone(&receiver);
            let thread = std::thread::Builder::new()
                .name(format!("holm-reader-{number}"))
                .spawn(move || serve(&connection, &jobs))
                .map_err(OpenError::Thread)?;
            threads.push(thread);
        }
        Ok(Self { queue: Queue::new(sender, threads) })
    }

    /// See [`super::Database::read`].
    pub(super) async fn run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.queue.submit(Box::new(move |connection: &Connection| {
            if !reply.is_closed() {
                // The request may have been given up in the meantime.
                let _ = reply.send(snapshot(connection, work));
            }
        }))?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Broken("the work panicked".to_owned()).into()))
    }

    /// Finishes what is queued and ends the threads. Blocks.
    pub(super) fn stop(&self) {
        self.queue.close();
    }
}

fn serve(connection: &Connection, jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // The job's reply channel is dropped with it: the caller learns of the panic.
        let _ = catch_unwind(AssertUnwindSafe(|| job(connection)));
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
    run("COMMIT")?;
    result
}

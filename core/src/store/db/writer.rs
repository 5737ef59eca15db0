//! The single writer, with group commit.
//!
//! Invariants:
//! - Jobs run in the order in which they were submitted. Those that wait together share one commit.
//! - A thread that may block, and finds the connection free, runs its own job on it and saves two wake-ups (flat combining). The
//!   writer's own thread runs the jobs of all others. No job is forgotten that comes between the last look at the queue and the release
//!   of the connection: the queue is looked at once more after the release.
//! - The thread that runs a job holds the connection. A job that calls the store again gets a typed error where it would wait for itself.

use super::connection::{Durability, Location};
use super::job::{Job, TypedJob};
use super::read_side::ReadSide;
use super::transaction::Tx;
use super::wal_index::Mark;
use super::write_connection::WriteConnection;
use crate::error::{Error, ErrorCode, Result};
use crate::store::{Counters, Observer};
use rusqlite::Connection;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{JoinHandle, ThreadId};

/// Whether the writer accepts jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WriterState {
    Open,
    Suspended,
    Closed,
}

struct Queue {
    jobs: VecDeque<Box<dyn Job>>,
    state: WriterState,
}

struct Shared {
    counters: Arc<Counters>,
    queue: Mutex<Queue>,
    work: Condvar,
    connection: Mutex<WriteConnection>,
    /// The thread that runs jobs now.
    running: Mutex<Option<ThreadId>>,
}

/// The handle that the store keeps.
pub(in crate::store) struct Writer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    inline: bool,
}

impl Writer {
    /// Opens the writing connection. Without threads, jobs run where they are submitted, in a fixed order.
    pub fn start(
        location: Location,
        durability: Durability,
        observer: Observer,
        counters: Arc<Counters>,
        read_side: ReadSide,
    ) -> Result<Self> {
        let inline = !location.has_threads();
        let connection = WriteConnection::new(location, durability, observer, counters.clone(), read_side)?;
        let shared = Arc::new(Shared {
            counters,
            queue: Mutex::new(Queue { jobs: VecDeque::new(), state: WriterState::Open }),
            work: Condvar::new(),
            connection: Mutex::new(connection),
            running: Mutex::new(None),
        });
        let thread = if inline {
            None
        } else {
            let shared = shared.clone();
            Some(std::thread::Builder::new().name("holm-writer".into()).spawn(move || serve(&shared))?)
        };
        Ok(Self { shared, thread: Mutex::new(thread), inline })
    }

    /// Queues a job for the writer's thread.
    pub fn submit<T, F, R>(&self, work: F, reply: R)
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
        R: FnOnce(Result<T>) + Send + 'static,
    {
        // A job that submits another one runs on this thread already; the other one is run after it.
        if self.inline && !self.shared.runs_here() {
            return self.submit_here(work, reply);
        }
        if self.shared.enqueue(work, reply) {
            self.shared.hand_to_writer();
        }
    }

    /// Queues a job and runs it on this thread if the connection is free.
    pub fn submit_here<T, F, R>(&self, work: F, reply: R)
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
        R: FnOnce(Result<T>) + Send + 'static,
    {
        if self.shared.runs_here() {
            return reply(Err(inside_a_write()));
        }
        if !self.shared.enqueue(work, reply) {
            return;
        }
        if self.inline {
            let mut connection = self.shared.locked_connection();
            while !self.shared.locked_queue().jobs.is_empty() {
                self.shared.run(&mut connection);
            }
            return;
        }
        let mut connection = match self.shared.connection.try_lock() {
            Ok(connection) => connection,
            Err(TryLockError::Poisoned(connection)) => connection.into_inner(),
            // The thread that holds the connection looks at the queue once more after releasing it.
            Err(TryLockError::WouldBlock) => return,
        };
        self.shared.run(&mut connection);
        drop(connection);
        if !self.shared.locked_queue().jobs.is_empty() {
            self.shared.hand_to_writer();
        }
    }

    /// Lends the writing connection to a reader: only for a database without threads, which has no other.
    pub fn lend<T>(&self, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        if self.shared.runs_here() {
            return Err(inside_a_write());
        }
        let state = self.shared.locked_queue().state;
        let mut connection = self.shared.locked_connection();
        if state == WriterState::Open {
            // A failure of the disk closes the connection.
            connection.open()?;
        }
        match (connection.connection(), state) {
            (Some(connection), WriterState::Open) => query(connection),
            (_, state) => Err(state.error()),
        }
    }

    /// What the log's index says now, for a database without threads; `None` inside a write, and while the files are closed.
    pub fn mark(&self) -> Option<Mark> {
        if self.shared.runs_here() { None } else { self.shared.locked_connection().mark() }
    }

    /// Looks whether another process has committed, if the connection is free. If it is not, the write that holds it looks.
    pub fn look_for_other_processes(&self) {
        let mut connection = match self.shared.connection.try_lock() {
            Ok(connection) => connection,
            Err(TryLockError::Poisoned(connection)) => connection.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        connection.look_for_other_processes();
        drop(connection);
        // A job that came meanwhile found the connection taken.
        if !self.shared.locked_queue().jobs.is_empty() {
            self.shared.hand_to_writer();
        }
    }

    pub fn suspend(&self) {
        self.shut(WriterState::Suspended);
    }

    pub fn resume(&self) -> Result<()> {
        let mut connection = self.shared.locked_connection();
        let mut queue = self.shared.locked_queue();
        if queue.state == WriterState::Closed {
            return Err(queue.state.error());
        }
        connection.open()?;
        queue.state = WriterState::Open;
        drop((queue, connection));
        // A job that came while the connection was still ours found it taken.
        self.shared.work.notify_one();
        Ok(())
    }

    pub fn close(&self) {
        self.shut(WriterState::Closed);
        self.shared.work.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
        {
            // A panic of the thread has been told to those who waited.
            drop(thread.join());
        }
    }

    fn shut(&self, state: WriterState) {
        {
            let mut queue = self.shared.locked_queue();
            if queue.state != WriterState::Closed {
                queue.state = state;
            }
        }
        let mut connection = self.shared.locked_connection();
        while !self.shared.locked_queue().jobs.is_empty() {
            self.shared.run(&mut connection);
        }
        connection.close(state == WriterState::Closed);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

impl WriterState {
    fn error(self) -> Error {
        Error::state(match self {
            WriterState::Suspended => ErrorCode::Suspended,
            WriterState::Open | WriterState::Closed => ErrorCode::Closed,
        })
    }
}

impl Shared {
    fn enqueue<T, F, R>(&self, work: F, reply: R) -> bool
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
        R: FnOnce(Result<T>) + Send + 'static,
    {
        let (caller, counters) = (std::thread::current().id(), self.counters.clone());
        let reply = move |result| {
            if std::thread::current().id() != caller {
                counters.hand_over();
            }
            reply(result);
        };
        let mut queue = self.locked_queue();
        if queue.state != WriterState::Open {
            let error = queue.state.error();
            drop(queue);
            reply(Err(error));
            return false;
        }
        queue.jobs.push_back(Box::new(TypedJob::new(work, reply)));
        true
    }

    /// Wakes the writer's thread, if it sleeps.
    fn hand_to_writer(&self) {
        self.counters.hand_over();
        self.work.notify_one();
    }

    /// Runs the jobs that wait.
    fn run(&self, connection: &mut WriteConnection) {
        let running = || self.running.lock().unwrap_or_else(PoisonError::into_inner);
        *running() = Some(std::thread::current().id());
        connection.run_group(|| self.next());
        *running() = None;
    }

    /// Whether a job is running on the calling thread, which is then the caller.
    fn runs_here(&self) -> bool {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) == Some(std::thread::current().id())
    }

    fn next(&self) -> Option<Box<dyn Job>> {
        self.locked_queue().jobs.pop_front()
    }

    fn locked_queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn locked_connection(&self) -> MutexGuard<'_, WriteConnection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn inside_a_write() -> Error {
    let message =
        "a write cannot wait for another call of the client: use its transaction, or call after it".to_owned();
    Error::State { code: ErrorCode::Unsupported, message }
}

/// The writer's own thread.
fn serve(shared: &Shared) {
    loop {
        let mut queue = shared.locked_queue();
        while queue.jobs.is_empty() {
            if queue.state == WriterState::Closed {
                return;
            }
            queue = shared.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        drop(queue);
        shared.run(&mut shared.locked_connection());
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;

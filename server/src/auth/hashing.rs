//! The threads that hash passwords.
//!
//! Invariants:
//! - No more passwords are hashed at the same time than there are threads, and each thread uses its own memory again: sign-ins cannot fill it.
//! - Only so many wait. More are told `SERVICE_UNAVAILABLE` at once, and one whose caller has gone is not hashed.

use super::password::PasswordError;
use crate::config::Accounts;
use crate::error::{Code, Failure};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// Where passwords are hashed. Cheap to clone; clones share their threads, which end with the last.
#[derive(Clone)]
pub(crate) struct Hashing {
    /// `None`: on the task that asks.
    queue: Option<SyncSender<Job>>,
}

impl Hashing {
    /// On the task that asks.
    pub(crate) fn inline() -> Self {
        Self { queue: None }
    }

    /// On threads of their own.
    pub(crate) fn threads(accounts: &Accounts) -> Result<Self, PasswordError> {
        let (queue, jobs) = sync_channel(accounts.hashing_queue);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..accounts.hashing_threads {
            let jobs = Arc::clone(&jobs);
            std::thread::Builder::new()
                .name(format!("holm-hashing-{number}"))
                .spawn(move || serve(&jobs))
                .map_err(|error| PasswordError::Hash(error.to_string()))?;
        }
        Ok(Self { queue: Some(queue) })
    }

    /// Hashes or verifies.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
        let Some(queue) = &self.queue else { return Ok(work()) };
        let busy = || Failure::new(Code::ServiceUnavailable, "too many are signing in").retry_after(2);
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move || {
            if !reply.is_closed() {
                // The request may have been given up in the meantime.
                let _ = reply.send(work());
            }
        });
        queue.try_send(job).map_err(|_| busy())?;
        answer.await.map_err(|_| Failure::new(Code::ServerError, "the server failed"))
    }
}

fn serve(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // The caller learns of a panic by the end of its channel.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
    }
}

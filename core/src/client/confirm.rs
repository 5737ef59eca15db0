//! Waiting for the server's word on a write of a confirmed collection.
//!
//! Invariants:
//! - The write is durable before it is sent, and its caller waits in memory only: whatever ends the process, the write goes on as any other
//!   group of the queue.
//! - The wait is bounded. Whatever ends it before the server's word, one transaction looks at the write and decides: nothing of it was sent, so
//!   it is taken back; or its fate is unknown, so it stays, and the error says so.
//! - The store is neither suspended nor closed while a wait has not ended.

use crate::auth::Account;
use crate::device::Device;
use crate::error::{Error, ErrorCode, Result};
use crate::model::OpError;
use crate::outbox::{self, Member, RetryPolicy, Standing};
use crate::platform::Connectivity;
use crate::repository::{Confirmer, Unconfirmed};
use crate::store::{Store, Tx, operations};
use crate::sync::{Waiters, WeakEngine};
use async_trait::async_trait;
use futures_util::future::{BoxFuture, join_all};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{RwLock, watch};

/// The writes whose callers wait for the server. They run on the tokio runtime on which this was made.
pub(super) struct Confirmations {
    store: Store,
    device: Arc<Device>,
    waiters: Arc<Waiters>,
    account: Arc<Account>,
    connectivity: Connectivity,
    engine: WeakEngine,
    retry: RetryPolicy,
    runtime: Handle,
    /// Read by each write while it runs, written by who stops them.
    running: Arc<RwLock<()>>,
    /// Why none may run, if none may.
    stopped: watch::Sender<Option<ErrorCode>>,
}

impl Confirmations {
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new(
        store: Store,
        device: Arc<Device>,
        waiters: Arc<Waiters>,
        account: Arc<Account>,
        connectivity: Connectivity,
        engine: WeakEngine,
        retry: RetryPolicy,
    ) -> Self {
        let (runtime, running, stopped) = (Handle::current(), Arc::default(), watch::Sender::default());
        Self { store, device, waiters, account, connectivity, engine, retry, runtime, running, stopped }
    }

    /// Ends all waits with this error, and returns when they have ended. Later writes fail with it.
    pub async fn stop(&self, why: ErrorCode) {
        self.stopped.send_replace(Some(why));
        drop(self.running.write().await);
    }

    /// Writes may wait again.
    pub fn go_on(&self) {
        self.stopped.send_replace(None);
    }

    fn now(&self) -> Duration {
        self.device.clock.monotonic()
    }

    /// Lets the engine send. The first time at once, later after a pause.
    async fn send(&self, failures: u32) -> Result<()> {
        if failures > 0 {
            self.device.clock.sleep(self.retry.delay(failures, self.device.entropy.as_ref())).await;
        }
        self.engine.sync().await.map(drop)
    }

    /// How the write ended. `None` if it goes on, which it does not if `end` says why its caller stops waiting.
    async fn settle(&self, write: &Unconfirmed, end: Option<Error>) -> Option<Result<()>> {
        let (device, work) = (self.device.clone(), write.clone());
        let (first, reason) = (write.ops.first().copied(), end.as_ref().map(ToString::to_string));
        match self.store.write(move |tx| settle(tx, &device, &work, end)).await {
            Ok(settled) => settled,
            // It could not be taken back.
            Err(error) => first.map(|op| {
                let message = reason.map_or_else(|| error.to_string(), |reason| format!("{reason}; {error}"));
                Err(Error::Unconfirmed { op, message })
            }),
        }
    }
}

#[async_trait]
impl Confirmer for Confirmations {
    fn ready(&self) -> Result<()> {
        if let Some(why) = *self.stopped.borrow() {
            return Err(Error::state(why));
        }
        if !self.connectivity.is_online() {
            return Err(Error::network(ErrorCode::Offline, "the device has no network; nothing was written"));
        }
        match self.account.user() {
            Some(_) => Ok(()),
            None => Err(Error::auth(ErrorCode::SignedOut, ErrorCode::SignedOut.meaning())),
        }
    }

    fn spawn(&self, write: BoxFuture<'static, ()>) {
        let running = self.running.clone();
        self.runtime.spawn(async move {
            let _running = running.read().await;
            write.await;
        });
    }

    async fn confirm(&self, write: Unconfirmed, mut gone: BoxFuture<'_, ()>) -> Result<()> {
        let until = self.now().saturating_add(write.timeout);
        let mut stopped = self.stopped.subscribe();
        let mut failures = 0;
        loop {
            // Before the look, or the answer may fall in between.
            let told = join_all(write.ops.iter().map(|op| self.waiters.wait_for(*op)).collect::<Vec<_>>());
            if let Some(end) = self.settle(&write, None).await {
                return end;
            }
            let end = tokio::select! {
                biased;
                _ = told => None,
                () = &mut gone => Some(Error::state(ErrorCode::Cancelled)),
                why = stopped.wait_for(Option::is_some) => {
                    Some(Error::state(why.ok().and_then(|why| *why).unwrap_or(ErrorCode::Closed)))
                }
                () = self.device.clock.sleep(until.saturating_sub(self.now())) => {
                    Some(Error::network(ErrorCode::Timeout, "the server did not accept the write in time"))
                }
                sent = self.send(failures) => {
                    failures += 1;
                    sent.err().filter(ends_wait)
                }
            };
            if end.is_some()
                && let Some(end) = self.settle(&write, end).await
            {
                return end;
            }
        }
    }
}

/// Whether a failed sync ends the wait: another one soon would not fare better. What may pass is tried again within the timeout.
fn ends_wait(error: &Error) -> bool {
    use ErrorCode::{ConnectionLost, InvalidResponse, ServerError, Timeout};
    !matches!(error.code(), ConnectionLost | InvalidResponse | ServerError | Timeout)
}

/// Looks at a write, and carries out what follows. `None` if it goes on.
fn settle(tx: &Tx<'_>, device: &Device, write: &Unconfirmed, end: Option<Error>) -> Result<Option<Result<()>>> {
    let Some(first) = write.ops.first().copied() else { return Ok(Some(Ok(()))) };
    let members = write.ops.iter().map(|op| {
        Ok(match operations::by_id(tx, *op)? {
            Some(op) => Member::Queued(op.state),
            None => match outbox::ended(tx, *op) {
                // Wiped with the account's data.
                Err(Error::NotFound { .. }) => Member::Ended(crate::model::WriteOutcome::Discarded),
                outcome => Member::Ended(outcome?),
            },
        })
    });
    let standing = outbox::standing(&members.collect::<Result<Vec<_>>>()?);
    Ok(match (standing, end) {
        (Standing::Accepted, _) => Some(Ok(())),
        (Standing::Stale, _) => Some(Err(Error::state(ErrorCode::VersionMismatch))),
        (Standing::GivenUp, _) => Some(Err(given_up())),
        (Standing::Refused(reason), _) => {
            // The document shows the server's state again; the journal keeps what was refused.
            outbox::discard(tx, device, first)?;
            Some(Err(refused(reason)))
        }
        (Standing::Unsent, Some(error)) => {
            outbox::withdraw(tx, device, &write.group)?;
            Some(Err(taken_back(error)))
        }
        (Standing::Sent, Some(error)) => Some(Err(Error::Unconfirmed { op: first, message: error.to_string() })),
        (Standing::Unsent | Standing::Sent, None) => None,
    })
}

fn given_up() -> Error {
    let message = "the write was given up before the server had accepted it".to_owned();
    Error::State { code: ErrorCode::Cancelled, message }
}

fn refused(OpError { code, message, .. }: OpError) -> Error {
    Error::Refused { server_code: code.into(), message }
}

/// The same failure of a write of which nothing is left.
fn taken_back(mut error: Error) -> Error {
    if let Error::Network { message, .. }
    | Error::Busy { message, .. }
    | Error::Auth { message, .. }
    | Error::Refused { message, .. }
    | Error::State { message, .. } = &mut error
    {
        message.push_str("; the write was taken back");
    }
    error
}

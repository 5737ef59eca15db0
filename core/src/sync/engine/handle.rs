//! How the rest of the client speaks with the engine's task.

use super::report::SyncReport;
use crate::error::{Error, ErrorCode, Result};
use crate::platform::{Clock, Event};
use crate::repository::{RefreshKey, Refresher};
use crate::sync::work::{Deadline, SliceReport, TimeBudget};
use crate::sync::work::{RefreshWaiter, Scope};
use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

/// A command to the engine's task.
pub(in crate::sync) enum Command {
    Sync(Scope, oneshot::Sender<Result<SyncReport>>),
    /// A caller waits for a collection or a document to be read.
    Refresh(RefreshKey, RefreshWaiter),
    /// A cycle that ends in time.
    TimeBudget(TimeBudget),
    /// The host has reported something.
    Report(Event),
    /// Something changed for the better.
    RetryNow,
    /// What was refused to the session before may be granted.
    SignedIn,
    Pause(oneshot::Sender<()>),
    Resume,
    /// Stops the running cycle and waits while another task changes what cycles rely on.
    Turn(Turn),
}

/// A turn of the engine.
pub(in crate::sync) struct Turn {
    /// Told when no cycle runs.
    begun: oneshot::Sender<()>,
    /// Ends when the turn is over, or its caller has gone.
    over: oneshot::Receiver<()>,
}

impl Turn {
    /// Lets the caller work and returns when it is done.
    pub async fn give(self) {
        if self.begun.send(()).is_ok() {
            // An error: the caller was dropped. Its turn is over, too.
            let _ = self.over.await;
        }
    }
}

/// A hold on the engine's task. Dropping the last one ends the task.
#[derive(Clone)]
pub(crate) struct EngineHandle {
    commands: mpsc::UnboundedSender<Command>,
}

impl EngineHandle {
    /// A handle, and the channel on which its task receives commands.
    pub(in crate::sync) fn new() -> (Self, mpsc::UnboundedReceiver<Command>) {
        let (commands, inbox) = mpsc::unbounded_channel();
        (Self { commands }, inbox)
    }

    /// Runs a cycle, or waits for the next one if one is running. It covers everything that was written before this call.
    pub async fn sync(&self) -> Result<SyncReport> {
        self.sync_scope(Scope::All).await
    }

    /// The same for one collection: what is queued in it is sent, and it is read.
    pub async fn sync_collection(&self, name: &str) -> Result<SyncReport> {
        self.sync_scope(Scope::one(name)).await
    }

    async fn sync_scope(&self, scope: Scope) -> Result<SyncReport> {
        let (tell, told) = oneshot::channel();
        self.send(Command::Sync(scope, tell))?;
        told.await.unwrap_or_else(|_| Err(Error::state(ErrorCode::Closed)))
    }

    /// Runs a cycle up to a deadline, or waits for the one that runs. `None` if it could not tell in time how far it came. Dropping the
    /// future stops the cycle.
    pub async fn slice(&self, deadline: Deadline, clock: &dyn Clock) -> Result<Option<SliceReport>> {
        let (tell, told) = oneshot::channel();
        self.send(Command::TimeBudget(TimeBudget { cut: deadline.cut, tell }))?;
        tokio::select! {
            biased;
            told = told => told.unwrap_or_else(|_| Err(Error::state(ErrorCode::Closed))).map(Some),
            () = clock.sleep(deadline.answer.saturating_sub(clock.monotonic())) => Ok(None),
        }
    }

    /// Tells what the host has reported.
    pub fn report(&self, event: Event) {
        let _ = self.send(Command::Report(event));
    }

    /// Tells of a sign-in: what was refused to the account or the session before may be tried at once.
    pub fn signed_in(&self) {
        let _ = self.send(Command::SignedIn);
    }

    /// Tells that there is a reason to end the back-off: a retry of a parked operation.
    pub fn retry_now(&self) {
        let _ = self.send(Command::RetryNow);
    }

    /// Stops the running cycle where it is and runs no other until [`resume`](Self::resume).
    pub async fn pause(&self) {
        let (tell, told) = oneshot::channel();
        if self.send(Command::Pause(tell)).is_ok() {
            let _ = told.await;
        }
    }

    /// Runs `work` while no cycle and no refresh runs. Those that run are stopped where they are; who waits for one is told
    /// `SIGNED_OUT` if `work` has ended the session, else `CANCELLED`. Dropping the future ends the turn.
    pub async fn exclusive<T>(&self, work: impl Future<Output = T>) -> T {
        let ((begun, has_begun), (over, is_over)) = (oneshot::channel(), oneshot::channel());
        if self.send(Command::Turn(Turn { begun, over: is_over })).is_ok() {
            // An error: the engine has ended, so no cycle runs.
            let _ = has_begun.await;
        }
        let result = work.await;
        drop(over);
        result
    }

    pub fn resume(&self) {
        let _ = self.send(Command::Resume);
    }

    /// A hold that does not keep the task alive.
    pub fn downgrade(&self) -> WeakEngine {
        WeakEngine { commands: self.commands.downgrade() }
    }

    fn send(&self, command: Command) -> Result<()> {
        self.commands.send(command).map_err(|_| Error::state(ErrorCode::Closed))
    }
}

/// The engine, for those who may outlive it.
#[derive(Clone)]
pub(crate) struct WeakEngine {
    commands: mpsc::WeakUnboundedSender<Command>,
}

impl WeakEngine {
    /// As [`EngineHandle::sync`].
    pub async fn sync(&self) -> Result<SyncReport> {
        let commands = self.commands.upgrade().ok_or_else(|| Error::state(ErrorCode::Closed))?;
        EngineHandle { commands }.sync().await
    }
}

#[async_trait]
impl Refresher for WeakEngine {
    async fn refresh(&self, key: RefreshKey) -> Result<()> {
        let closed = || Error::state(ErrorCode::Closed);
        let (tell, told) = oneshot::channel();
        let engine = EngineHandle { commands: self.commands.upgrade().ok_or_else(closed)? };
        engine.send(Command::Refresh(key, tell))?;
        drop(engine);
        told.await.unwrap_or_else(|_| Err(closed()))
    }
}

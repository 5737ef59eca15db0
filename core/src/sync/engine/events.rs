//! What happens while the engine's task waits or works.

use super::handle::Command;
use crate::error::{Error, ErrorCode, Result};
use crate::platform::Network;
use crate::sync::work::suspended;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc, watch};

/// What ended a cycle or a wait.
pub(super) enum Event<T> {
    Done(T),
    /// `None`: the client has gone.
    Command(Option<Command>),
    Wrote,
    Network,
}

/// What came while a cycle ran, to be taken after it. However many writes there were, they are one flag.
#[derive(Default)]
pub(super) struct DeferredEvents {
    pub commands: Vec<Command>,
    pub wrote: bool,
    pub network: bool,
}

/// Where events come from.
pub(super) struct Events {
    inbox: mpsc::UnboundedReceiver<Command>,
    wrote: Arc<Notify>,
    network: watch::Receiver<Network>,
}

impl Events {
    pub fn new(inbox: mpsc::UnboundedReceiver<Command>, wrote: Arc<Notify>, network: watch::Receiver<Network>) -> Self {
        Self { inbox, wrote, network }
    }

    /// A command that is waiting already.
    pub fn waiting(&mut self) -> Option<Command> {
        self.inbox.try_recv().ok()
    }

    /// Waits for `work` or an event.
    pub async fn next<T>(&mut self, work: impl Future<Output = T>) -> Event<T> {
        tokio::select! {
            biased;
            command = self.inbox.recv() => Event::Command(command),
            () = self.wrote.notified() => Event::Wrote,
            Ok(()) = self.network.changed() => Event::Network,
            done = work => Event::Done(done),
        }
    }

    /// Does some work and keeps what comes meanwhile; `observe` is called with each command. A pause, or another's turn, stops the work
    /// with an error. `None` if the client
    /// has gone.
    pub async fn attend<T>(
        &mut self,
        work: impl Future<Output = T>,
        observe: impl Fn(&Command),
    ) -> Option<(Result<T>, DeferredEvents)> {
        let mut deferred = DeferredEvents::default();
        let mut running = std::pin::pin!(work);
        loop {
            match self.next(running.as_mut()).await {
                Event::Done(outcome) => return Some((Ok(outcome), deferred)),
                Event::Command(None) => return None,
                Event::Command(Some(command)) => {
                    let stop = match &command {
                        Command::Pause(_) => Some(suspended()),
                        Command::Turn(_) => Some(Error::state(ErrorCode::Cancelled)),
                        _ => None,
                    };
                    observe(&command);
                    deferred.commands.push(command);
                    // Dropping the work stops it.
                    if let Some(reason) = stop {
                        return Some((Err(reason), deferred));
                    }
                }
                Event::Wrote => deferred.wrote = true,
                Event::Network => deferred.network = true,
            }
        }
    }
}

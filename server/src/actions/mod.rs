//! Actions: named calls that are no writes of records, such as "make an avatar". A job remembers each call and its result.
//!
//! Invariants:
//! - A job is stored in the transaction that stores its key. A call with a known key never makes a second job.
//! - A handler may be called more than once for one job (the server died, the answer was lost, the handler asked for it), each time with
//!   the same operation id: it is the handler's key for doing its work once.
//! - A job ends: with a result, with a refusal, or given up after the configured number of attempts.
//! - A result is answered after it is durable.

mod call;
mod runner;
mod signature;
mod webhook;

pub(crate) use call::{Answer, Request, call, failure};
pub(crate) use runner::{Jobs, repeat, run_due};
pub(crate) use signature::Secret;
pub(crate) use webhook::Webhooks;

use crate::model::CollectionName;
use serde_json::Value;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// One call of an action, as its handler gets it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ActionCall {
    /// The id of the job, as the caller sees it.
    pub job_id: String,
    /// The operation id that the device chose: the same in every call of one job.
    pub op_id: String,
    /// The user who calls.
    pub user_id: String,
    /// The space of the user.
    pub space: String,
    /// The collection that the action is of. `None` for an action of the whole account.
    pub collection: Option<String>,
    /// The record that the action is of. `None` for an action of the collection or of the account.
    pub id: Option<String>,
    /// That record as it is now, in the form of a plain read. `None` without `id`, and if the record was deleted after the call.
    pub record: Option<Value>,
    /// The name of the action.
    pub name: String,
    /// What the caller sent as `params`; an empty object if it sent none.
    pub params: Value,
    /// How many times the handler has been called for this job, this time counted.
    pub attempt: u32,
}

/// The answer of a handler.
#[derive(Debug, Clone, PartialEq)]
pub enum ActionOutcome {
    /// It is done; this is its result.
    Done(Value),
    /// It will not be done. The job ends.
    Refused(ActionRefusal),
    /// It is not done yet, or cannot be done now: the handler is called again, after this time if it says one, else after a back-off.
    Later(Option<Duration>),
}

/// Why a handler refuses a call. The caller gets it as `ACTION_REFUSED` with `reason` and `details`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActionRefusal {
    /// A code of the app's own, such as `NO_CREDIT`.
    pub reason: String,
    /// A sentence for developers.
    pub message: String,
    /// The faults of the parameters, by name.
    pub details: BTreeMap<String, String>,
}

/// The future of a handler's answer.
pub type ActionFuture<'h> = Pin<Box<dyn Future<Output = ActionOutcome> + Send + 'h>>;

/// Carries out an action. Implemented by closures `Fn(ActionCall) -> impl Future<Output = ActionOutcome>`.
///
/// ```
/// # fn open() -> Result<(), holm_server::StartError> {
/// use holm_server::{ActionCall, ActionOutcome, Actions, Server, ServerOptions, Store};
///
/// let actions = Actions::new().serve_in("heroes", "avatar", |call: ActionCall| async move {
///     match call.record {
///         Some(hero) => ActionOutcome::Done(serde_json::json!({ "url": format!("/avatars/{}.png", hero["id"]) })),
///         None => ActionOutcome::Later(None),
///     }
/// });
/// let server = Server::open(ServerOptions { actions, ..ServerOptions::new(Store::Memory) })?;
/// # Ok(()) }
/// ```
///
/// Calls of several jobs run at the same time, on tokio's threads: a handler must not block. A call that takes longer than the configured
/// time is dropped and made again later; so is one that panics.
pub trait ActionHandler: Send + Sync + 'static {
    /// Carries out one call.
    fn run(&self, call: ActionCall) -> ActionFuture<'_>;
}

impl<F, R> ActionHandler for F
where
    F: Fn(ActionCall) -> R + Send + Sync + 'static,
    R: Future<Output = ActionOutcome> + Send + 'static,
{
    fn run(&self, call: ActionCall) -> ActionFuture<'_> {
        Box::pin(self(call))
    }
}

/// The actions that a server serves by itself, by name. Others may be served by webhooks of the configuration.
#[derive(Clone, Default)]
pub struct Actions {
    handlers: BTreeMap<(Option<String>, String), Arc<dyn ActionHandler>>,
}

impl Actions {
    /// No actions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Actions for trying out, and for tests of apps: `echo` returns its parameters, `refuse` is refused with the reason `NOT_TODAY`, and
    /// `later` is a job at first, which is done at its second attempt and returns its parameters.
    pub fn for_trial() -> Self {
        let refuse = |_: ActionCall| async {
            let message = "this server's trial action refuses everything".to_owned();
            ActionOutcome::Refused(ActionRefusal { reason: "NOT_TODAY".to_owned(), message, ..Default::default() })
        };
        let later = |call: ActionCall| async move {
            if call.attempt > 1 { ActionOutcome::Done(call.params) } else { ActionOutcome::Later(Some(Duration::ZERO)) }
        };
        let echo = |call: ActionCall| async move { ActionOutcome::Done(call.params) };
        Self::new().serve("echo", echo).serve("refuse", refuse).serve("later", later)
    }

    /// What `other` serves as well, before what these serve under the same name.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.handlers.extend(other.handlers);
        self
    }

    /// Serves an action of this name, whatever it is of. The last registration of a name counts.
    #[must_use]
    pub fn serve(mut self, name: impl Into<String>, handler: impl ActionHandler) -> Self {
        self.handlers.insert((None, name.into()), Arc::new(handler));
        self
    }

    /// Serves an action of this name of one collection and its records, before one that is served for all of them.
    #[must_use]
    pub fn serve_in(
        mut self,
        collection: impl Into<String>,
        name: impl Into<String>,
        handler: impl ActionHandler,
    ) -> Self {
        self.handlers.insert((Some(collection.into()), name.into()), Arc::new(handler));
        self
    }

    /// The handler of an action. `None` if there is none here.
    fn find(&self, collection: Option<&str>, name: &str) -> Option<Arc<dyn ActionHandler>> {
        let of_collection = collection.and_then(|of| self.handlers.get(&(Some(of.to_owned()), name.to_owned())));
        of_collection.or_else(|| self.handlers.get(&(None, name.to_owned()))).map(Arc::clone)
    }
}

impl std::fmt::Debug for Actions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.handlers.keys()).finish()
    }
}

/// Everything that carries out actions: registered handlers first, then webhooks.
#[derive(Clone, Default)]
pub(crate) struct Registry {
    pub(crate) actions: Actions,
    pub(crate) webhooks: Webhooks,
}

impl Registry {
    /// The handler of an action. `None` if the server knows no such action.
    pub(crate) fn find(&self, collection: Option<&CollectionName>, name: &str) -> Option<Arc<dyn ActionHandler>> {
        let collection = collection.map(CollectionName::as_str);
        self.actions.find(collection, name).or_else(|| self.webhooks.find(collection, name))
    }
}

//! Sends operations and reports the result of one run.

use super::adaptive_size::AdaptiveSize;
use super::failed_actions::FailedActions;
use super::pages::PagesApplied;
use super::requests::Stop;
use super::settle_batch::Settlement;
use super::suspects::SuspectList;
use crate::backend::{Outgoing, PushReply, StreamPosition};
use crate::sync::deps::EngineDeps;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// What a push did.
#[derive(Debug)]
pub(in crate::sync) struct Pushed {
    /// Anything was exchanged.
    pub exchanged: bool,
    /// A request was refused as a whole, and its operations go again.
    pub refused: bool,
    /// The replies brought less than all that is new.
    pub pull_again: bool,
    /// The server refused the cursors of the last request: nothing goes out before their streams are read anew.
    pub cursors_refused: bool,
    pub settled: Settlement,
    pub pages: PagesApplied,
    /// The server's last word on how often to look, if it said.
    pub suggested_interval: Option<Duration>,
    pub end: Result<(), Stop>,
}

/// Sends operations.
pub(in crate::sync) struct Pusher {
    pub(super) deps: Arc<EngineDeps>,
    pub(super) batch: AdaptiveSize,
    pub(super) suspects: SuspectList,
    /// Nothing came back for the last request.
    pub(super) lost: bool,
    pub(super) actions: FailedActions,
}

/// Failures in a row of one run.
#[derive(Default, PartialEq)]
pub(super) struct Failures {
    pub server_errors: u32,
    pub refused: u32,
}

/// Actions of one run.
#[derive(Default)]
pub(super) struct Actions {
    /// Those that were sent, or asked for.
    pub tried: BTreeSet<i64>,
    /// One has failed: the others wait for the next run.
    pub over: bool,
}

impl Pusher {
    pub fn new(deps: Arc<EngineDeps>) -> Self {
        let batch = AdaptiveSize::new(deps.config.batch);
        Self { deps, batch, suspects: SuspectList::default(), lost: false, actions: FailedActions::default() }
    }

    /// Whether nothing came back for the last request. Says so once: the cycle that asks reads first, the next one sends first again.
    pub fn take_lost(&mut self) -> bool {
        std::mem::take(&mut self.lost)
    }
}

/// An answer that is here and not taken in yet, with its request.
pub(super) struct Answer {
    pub sent: Arc<Vec<Outgoing>>,
    pub reply: PushReply,
    /// Where the streams stood when it was asked for.
    pub positions: Vec<StreamPosition>,
}

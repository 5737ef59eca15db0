//! One cycle: send what is queued, read what is new. Its workers do both; it only orders them.

use super::budget::{Limit, Remaining, SliceReport};
use super::evict::evict;
use super::lease::{PushTarget, runnable};
use super::pages::{keep_heads, take_waiting};
use super::pull::{Pulled, Puller};
use super::pusher::{Pushed, Pusher};
use super::refresh::{Answers, Refresher};
use super::requests::{RequestHistory, Requests, Stop, check_network};
use super::rtt::RttEstimator;
use super::scope::Scope;
use crate::backend::{LEAST_MEMORY_MS, cursors_refused};
use crate::error::{Error, ErrorCode, Result};
use crate::net::SyncReason;
use crate::repository::RefreshKey;
use crate::store::{journal, meta, operations, outcomes, streams};
use crate::sync::deps::EngineDeps;
use crate::sync::{Deferred, SyncReport};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often old entries of the journal, and old outcomes of writes, are forgotten.
const PURGE_INTERVAL: Duration = Duration::from_secs(86_400);
/// So many deferred operations are listed in a report.
const MOST_DEFERRED: u32 = 100;

/// The workers, and what they have in common from cycle to cycle. Forgotten with the process.
pub(in crate::sync) struct Cycle {
    deps: Arc<EngineDeps>,
    pusher: Pusher,
    puller: Puller,
    refresher: Refresher,
    rtt: RttEstimator,
    history: RequestHistory,
    /// When old entries were last forgotten, on the monotonic clock.
    purged_at: Option<Duration>,
}

/// What came of a cycle.
pub(in crate::sync) struct CycleOutcome {
    pub result: Result<SliceReport>,
    /// The server's last word on how often to look, if it said.
    pub suggested_interval: Option<Duration>,
    /// Operations were sent and nothing became of any: to send them again at once would be a storm.
    pub stalled: bool,
}

impl CycleOutcome {
    /// A cycle that was stopped.
    pub fn failed(error: Error) -> Self {
        Self { result: Err(error), suggested_interval: None, stalled: false }
    }

    /// A slice's cycle for which no caller waits any more.
    pub fn cut() -> Self {
        Self { result: Ok(SliceReport::default()), suggested_interval: None, stalled: false }
    }
}

/// What the steps of a cycle did so far.
#[derive(Default)]
struct Tally {
    report: SyncReport,
    heads: BTreeSet<i64>,
    behind: Option<usize>,
    suggested_interval: Option<Duration>,
    exchanged: bool,
    moved: bool,
    refused: bool,
}

impl Cycle {
    pub fn new(deps: Arc<EngineDeps>) -> Self {
        Self {
            pusher: Pusher::new(deps.clone()),
            puller: Puller::new(deps.clone()),
            refresher: Refresher::new(deps.clone()),
            rtt: RttEstimator::default(),
            history: RequestHistory::new(deps.http.clone()),
            purged_at: None,
            deps,
        }
    }

    /// When the next request may be made, on the monotonic clock.
    pub fn free_at(&self, now: Duration) -> Duration {
        self.history.free_at(now)
    }

    /// Collections that the server does not let this device read.
    pub fn forbidden(&self) -> HashSet<String> {
        self.puller.forbidden()
    }

    /// A session has begun: what was refused to the one before may be granted.
    pub fn forget_refusals(&mut self) {
        self.puller.forget_refusals();
    }

    /// A session has begun, or the app repaired something: earlier failures say nothing of the next request.
    pub fn forget_failure(&self) {
        self.history.forget_failure();
    }

    /// Runs a cycle to its end, or up to `limit`. If a user waits for it, waits of single operations are forgotten.
    ///
    /// Cancelling it (dropping the future) leaves leases and half-read streams; the next cycle takes both up again.
    pub async fn run(&mut self, reason: SyncReason, scope: Scope, limit: Limit) -> CycleOutcome {
        let deps = self.deps.clone();
        deps.store.enter();
        let (before, mut tally) = (deps.traffic(), Tally::default());
        let mut requests = Requests::new(reason, &self.history, &mut self.rtt, deps.device.clock.as_ref(), limit);
        let (pusher, puller, refresher) = (&mut self.pusher, &mut self.puller, &mut self.refresher);
        let end = Steps { deps: &deps, pusher, puller, refresher, scope }.run(&mut requests, &mut tally).await;
        if let Err(error) = take_waiting(&deps).await {
            tracing::warn!(%error, "states go on waiting for answers");
        }
        let after = deps.traffic();
        let stalled = tally.exchanged && !tally.moved;
        // What was refused goes again: a cycle that ends with that has not ended in step.
        if end.is_ok() && !stalled && !tally.refused {
            requests.progressed();
        }
        let now = deps.device.clock.monotonic();
        if end.is_ok()
            && deps.device.has_server_time()
            && self.purged_at.is_none_or(|at| now.saturating_sub(at) >= PURGE_INTERVAL)
        {
            self.purged_at = Some(now);
            if let Err(error) = purge(&deps).await {
                tracing::warn!(%error, "old entries could not be forgotten");
            }
        }
        tally.report.requests = after.requests - before.requests;
        tally.report.bytes_up = after.bytes_up - before.bytes_up;
        tally.report.bytes_down = after.bytes_down - before.bytes_down;
        tally.report.duration = requests.elapsed();
        let limited = requests.is_limited();
        CycleOutcome {
            suggested_interval: tally.suggested_interval,
            stalled,
            result: report(&deps, end, tally, limited),
        }
    }

    /// Reads single collections and documents.
    pub async fn refresh(&mut self, keys: Vec<RefreshKey>) -> Answers {
        let deps = self.deps.clone();
        deps.store.enter();
        let unlimited = watch::Sender::new(None).subscribe();
        let mut requests =
            Requests::new(SyncReason::User, &self.history, &mut self.rtt, deps.device.clock.as_ref(), unlimited);
        self.refresher.run(&mut self.puller, &mut requests, keys).await
    }
}

/// A cycle while it runs.
struct Steps<'c> {
    deps: &'c EngineDeps,
    pusher: &'c mut Pusher,
    puller: &'c mut Puller,
    refresher: &'c mut Refresher,
    scope: Scope,
}

impl Steps<'_> {
    async fn run(&mut self, requests: &mut Requests<'_>, tally: &mut Tally) -> Result<(), Stop> {
        check_network(self.deps)?;
        if requests.reason == SyncReason::User {
            self.deps.store.write(operations::clear_waits).await?;
        }
        let up_to = self.deps.store.read(operations::newest)?;
        let mut target = PushTarget { up_to, scope: self.scope.clone(), forbidden: self.puller.forbidden() };
        // What is queued goes first, and its reply brings what is new: one round trip in place of two. The server holds every write
        // against what others have done, so nothing is overwritten unseen.
        let mut failure = None;
        let (mut skips_reading, mut refused, mut push_failed) = (false, false, false);
        if self.pushes_first(&target)? {
            let pushed = self.pusher.run(requests, &target).await;
            skips_reading = pushed.exchanged && !pushed.pull_again;
            refused = pushed.cursors_refused;
            if let Some(error) = tally.push(pushed)? {
                (skips_reading, push_failed) = (false, true);
                failure = Some(error);
            }
        }
        if !skips_reading {
            let pulled = self.puller.run(requests, &self.scope).await;
            if let Some(error) = tally.pull(pulled)? {
                failure.get_or_insert(error);
            }
            target.forbidden = self.puller.forbidden();
            // What has failed once is not tried again before the next cycle; a page that cannot be read keeps no write here.
            if !push_failed
                && failure.as_ref().is_none_or(spares_the_push)
                && let Some(error) = self.push_after_reading(requests, tally, &target, refused).await?
            {
                failure.get_or_insert(error);
            }
        }
        if failure.is_none() {
            self.refresher.date_conflicts(requests).await?;
        }
        self.keep(tally, failure.is_none()).await?;
        failure.map_or(Ok(()), |error| Err(Stop::Failed(error)))
    }

    /// Sends after a reading. If the server refuses the cursors, it reads once more and sends with the new ones; `refused`: it has refused
    /// those before the reading. Returns the failure that it ended with, if the cycle can go on after it.
    async fn push_after_reading(
        &mut self,
        requests: &mut Requests<'_>,
        tally: &mut Tally,
        target: &PushTarget,
        mut refused: bool,
    ) -> Result<Option<Error>, Stop> {
        loop {
            let pushed = self.pusher.run(requests, target).await;
            let (again, refused_now) = (pushed.pull_again, pushed.cursors_refused);
            if let Some(error) = tally.push(pushed)? {
                return Ok(Some(error));
            }
            if again && let Some(error) = tally.pull(self.puller.run(requests, &self.scope).await)? {
                return Ok(Some(error));
            }
            if refused && refused_now {
                return Ok(Some(cursors_refused()));
            }
            if !refused_now {
                return Ok(None);
            }
            refused = true;
        }
    }

    /// Whether the cycle sends before it reads. Not while a stamp of the queue is known only in the time of a clock that may be wrong, or while
    /// it is not known how long ago a write was sent that goes again: the reading brings the server's time. And not right after a push
    /// whose answer was lost: a server that never answers those must not keep the device from reading.
    fn pushes_first(&mut self, target: &PushTarget) -> Result<bool> {
        let device = &self.deps.device;
        Ok(!self.pusher.take_lost()
            && device.stamps_are_settled()
            && (device.has_heard_within(LEAST_MEMORY_MS) || !self.deps.store.read(operations::any_unanswered)?)
            && self.all_loaded(target)?)
    }

    /// Whether every stream has been read once that may be: before that, sending only restarts the reading.
    fn all_loaded(&self, target: &PushTarget) -> Result<bool> {
        let loading = self.deps.store.read(|connection| streams::loading(connection, &target.forbidden))?;
        Ok(!loading.iter().any(|(_, name)| target.scope.has(name)))
    }

    /// Keeps what was read to its head, and whether everything is in step.
    async fn keep(&self, tally: &mut Tally, complete: bool) -> Result<()> {
        let now = keep_heads(self.deps, &std::mem::take(&mut tally.heads)).await?;
        let everything = complete && self.scope == Scope::All;
        if everything {
            tally.behind = Some(0);
        }
        self.deps
            .store
            .write(move |tx| {
                tx.counts();
                if everything { meta::set(tx, meta::Key::LastSync, &now.to_string()) } else { Ok(()) }
            })
            .await?;
        evict(self.deps).await
    }
}

impl Tally {
    /// Counts what a push did. Returns the failure that it ended with, if the cycle can go on after it.
    fn push(&mut self, pushed: Pushed) -> Result<Option<Error>, Stop> {
        self.report.pushed += pushed.settled.accepted;
        self.report.parked += pushed.settled.parked;
        self.report.conflicts += pushed.settled.conflicts + pushed.pages.conflicts;
        self.report.pulled += pushed.pages.pulled;
        self.report.set_aside.extend(pushed.pages.set_aside);
        self.heads.extend(pushed.pages.in_step);
        self.exchanged |= pushed.exchanged;
        self.moved |= pushed.settled.moved;
        self.refused |= pushed.refused;
        self.suggested_interval = pushed.suggested_interval.or(self.suggested_interval);
        go_on(pushed.end)
    }

    /// The same for a pull.
    fn pull(&mut self, pulled: Pulled) -> Result<Option<Error>, Stop> {
        self.report.pulled += pulled.changes;
        self.report.conflicts += pulled.conflicts;
        self.report.set_aside.extend(pulled.set_aside);
        self.heads.extend(pulled.heads);
        self.behind = pulled.behind.or(self.behind);
        go_on(pulled.end)
    }
}

/// The failure of one half that says nothing of the other. Any other ends the cycle.
fn go_on(end: Result<(), Stop>) -> Result<Option<Error>, Stop> {
    match end {
        Ok(()) => Ok(None),
        Err(Stop::Failed(error)) if is_servers(&error) => Ok(Some(error)),
        Err(stop) => Err(stop),
    }
}

/// Whether writes may be sent after a reading that failed like this.
fn spares_the_push(error: &Error) -> bool {
    use ErrorCode::{Forbidden, Internal, Refused, ResponseTooLarge};
    matches!(error.code(), Forbidden | Internal | Refused | ResponseTooLarge)
}

/// Whether the server, or a part of it, failed at this request or refused it, so that another one may go through.
fn is_servers(error: &Error) -> bool {
    use ErrorCode::{Forbidden, Internal, InvalidResponse, Refused, ResponseTooLarge, ServerError};
    matches!(error.code(), Forbidden | Internal | InvalidResponse | Refused | ResponseTooLarge | ServerError)
}

/// Forgets what is too old. The server has just answered, so its time is known.
async fn purge(deps: &EngineDeps) -> Result<()> {
    let keep_ms = i64::try_from(deps.keep_journal.as_millis()).unwrap_or(i64::MAX);
    let before = deps.device.server_now_ms().saturating_sub(keep_ms);
    deps.store
        .write(move |tx| {
            outcomes::purge(tx)?;
            journal::purge(tx, before).map(drop)
        })
        .await
}

fn report(deps: &EngineDeps, end: Result<(), Stop>, tally: Tally, limited: bool) -> Result<SliceReport> {
    let complete = match end {
        Ok(()) => true,
        Err(Stop::OutOfTime) => false,
        Err(Stop::Failed(error)) => return Err(error),
    };
    let (mut report, which) = (tally.report, runnable(deps, i64::MAX));
    let waiting = deps.store.read(|connection| operations::waiting(connection, &which, MOST_DEFERRED))?;
    report.deferred = waiting.into_iter().map(Deferred::from).collect();
    let more =
        if limited { Remaining::of(&deps.store, deps.config.ordered, tally.behind)? } else { Remaining::default() };
    Ok(SliceReport { report, complete, more })
}

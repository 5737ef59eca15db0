//! The task that runs cycles.

use super::events::{DeferredEvents, Event, Events};
use super::handle::{Command, EngineHandle, Turn};
use super::report::SyncReport;
use super::schedule::Schedule;
use crate::error::{ErrorCode, Result};
use crate::model::Phase;
use crate::net::SyncReason;
use crate::store::operations::{self, Runnable};
use crate::store::streams;
use crate::sync::deps::EngineDeps;
use crate::sync::work::{Cycle, CycleOutcome, RefreshQueue, Scope, Throttle, TimeBudget, runnable, suspended};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot, watch};

/// Starts the engine's task on the present tokio runtime. It is woken by every local write.
pub(crate) fn start(deps: EngineDeps, wrote: Arc<Notify>) -> EngineHandle {
    let (handle, inbox) = EngineHandle::new();
    tokio::spawn(Task::new(deps, inbox, wrote).run());
    handle
}

struct Task {
    deps: Arc<EngineDeps>,
    events: Events,
    schedule: Schedule,
    cycle: Cycle,
    /// What the next cycle is asked for, and who waits for it.
    asking: Vec<(Scope, oneshot::Sender<Result<SyncReport>>)>,
    /// What is to be read before that.
    refreshes: RefreshQueue,
    throttle: Throttle,
    /// Callers that wait for a slice. Each has a cycle of its own.
    slices: VecDeque<TimeBudget>,
    /// Other tasks that must work while no cycle runs.
    turns: VecDeque<Turn>,
    paused: bool,
    /// Cycles in a row that sent operations of which nothing became.
    stalls: u32,
}

impl Task {
    fn new(deps: EngineDeps, inbox: mpsc::UnboundedReceiver<Command>, wrote: Arc<Notify>) -> Self {
        let events = Events::new(inbox, wrote, deps.connectivity.subscribe());
        let schedule = Schedule::start(deps.device.clock.monotonic());
        let deps = Arc::new(deps);
        let cycle = Cycle::new(deps.clone());
        let (refreshes, throttle) = (RefreshQueue::default(), Throttle::default());
        let (asking, slices, turns) = (Vec::new(), VecDeque::new(), VecDeque::new());
        Self { deps, events, schedule, cycle, asking, refreshes, throttle, slices, turns, paused: false, stalls: 0 }
    }

    async fn run(mut self) {
        loop {
            let wait = self.wait();
            if let Some(turn) = self.turns.pop_front() {
                turn.give().await;
                continue;
            }
            let sleep = match wait {
                Some(Duration::ZERO) => Box::pin(std::future::ready(())),
                Some(wait) => self.deps.device.clock.sleep(wait),
                None => Box::pin(std::future::pending()),
            };
            let event = self.events.next(sleep).await;
            match event {
                Event::Done(()) => {
                    // Who waits for a reading is served first: it is short, and a cycle that is due comes right after it. A slice's time is
                    // running already, so it goes before them.
                    let due = self.cycle_in() == Some(Duration::ZERO);
                    let hurried = due && !self.slices.is_empty();
                    if hurried && !self.cycle().await
                        || !self.refresh().await
                        || due && !hurried && !self.paused && !self.cycle().await
                    {
                        return;
                    }
                }
                Event::Command(None) => return,
                Event::Command(Some(command)) => self.take(command),
                Event::Wrote => self.take_write(),
                Event::Network => self.take_network(),
            }
        }
    }

    /// How long until the next cycle; zero: now. `None` if only an event can start it.
    fn wait(&mut self) -> Option<Duration> {
        while let Some(command) = self.events.waiting() {
            self.take(command);
        }
        if self.paused {
            return None;
        }
        if !self.refreshes.is_empty() {
            return Some(Duration::ZERO);
        }
        self.cycle_in()
    }

    fn cycle_in(&self) -> Option<Duration> {
        if !self.asking.is_empty() || !self.slices.is_empty() {
            return Some(Duration::ZERO);
        }
        if !self.deps.config.automatic || !self.deps.connectivity.is_online() {
            return None;
        }
        let now = self.now();
        let next = self.schedule.next(&self.deps.config, self.deps.connectivity.get())?;
        Some(next.max(self.cycle.free_at(now)).saturating_sub(now))
    }

    /// Runs one cycle, taking events meanwhile. False if the client has gone.
    async fn cycle(&mut self) -> bool {
        if !self.turns.is_empty() {
            return true;
        }
        let (scopes, waiters): (Vec<Scope>, Vec<_>) = std::mem::take(&mut self.asking).into_iter().unzip();
        let scope = scopes.into_iter().reduce(Scope::join).unwrap_or(Scope::All);
        // A look at some collections says nothing of the others: the schedule stays as it is.
        let scheduled = scope == Scope::All;
        let mut slice = if waiters.is_empty() { self.slices.pop_front() } else { None };
        let limit = watch::Sender::new(slice.as_ref().map(|slice| slice.cut));
        let reason = match &slice {
            Some(_) => SyncReason::Background,
            None if !scheduled => SyncReason::User,
            None => {
                let by_itself = self.schedule.begin(self.now());
                if waiters.is_empty() { by_itself } else { SyncReason::User }
            }
        };
        if slice.is_some() {
            self.schedule.begin(self.now());
        }
        let work = while_wanted(self.cycle.run(reason, scope, limit.subscribe()), slice.as_mut());
        let observe = |command: &Command| {
            if let Command::TimeBudget(next) = command
                && waiters.is_empty()
            {
                // No caller waits for this cycle: it shares the slice's time.
                limit.send_if_modified(|cut| cut.is_none() && cut.replace(next.cut).is_none());
            }
        };
        let Some((outcome, mut deferred)) = self.events.attend(work, observe).await else { return false };
        let outcome = self.give_turns(outcome, &mut deferred).await.unwrap_or_else(CycleOutcome::failed);
        if scheduled {
            self.conclude(&outcome);
        } else {
            self.throttle.note(self.now(), outcome.result.as_ref().err());
            self.deps.state.phase(Phase::Idle);
        }
        for waiting in waiters {
            // The receiver was dropped: the caller no longer waits.
            let _ = waiting.send(outcome.result.clone().map(|slice| slice.report));
        }
        if let Some(slice) = slice {
            let _ = slice.tell.send(outcome.result);
        }
        self.take_deferred(deferred);
        true
    }

    /// Reads what is waited for, taking events meanwhile. False if the client has gone.
    async fn refresh(&mut self) -> bool {
        if !self.turns.is_empty() {
            return true;
        }
        let refreshes = std::mem::take(&mut self.refreshes);
        if refreshes.is_empty() {
            return true;
        }
        if let Some(reason) = self.throttle.reason(self.now()) {
            refreshes.tell(&Err(reason));
            return true;
        }
        let work = self.cycle.refresh(refreshes.keys());
        let Some((outcome, mut deferred)) = self.events.attend(work, |_| {}).await else { return false };
        let outcome = self.give_turns(outcome, &mut deferred).await;
        let now = self.now();
        for answer in outcome.iter().flat_map(|answers| answers.values()) {
            self.throttle.note(now, answer.as_ref().err());
        }
        refreshes.tell(&outcome);
        self.take_deferred(deferred);
        true
    }

    /// If another task's turn has stopped the work: lets it have its turn first. Only then it is known why the work ended.
    async fn give_turns<T>(&mut self, outcome: Result<T>, deferred: &mut DeferredEvents) -> Result<T> {
        let commands = std::mem::take(&mut deferred.commands);
        let mut stopped = false;
        for command in commands {
            match command {
                Command::Turn(turn) => {
                    stopped = true;
                    turn.give().await;
                }
                command => deferred.commands.push(command),
            }
        }
        if stopped && outcome.is_err() { Err(self.deps.store.reason_to_stop()) } else { outcome }
    }

    fn now(&self) -> Duration {
        self.deps.device.clock.monotonic()
    }

    fn take_deferred(&mut self, deferred: DeferredEvents) {
        if deferred.network {
            self.take_network();
        }
        if deferred.wrote {
            self.take_write();
        }
        for command in deferred.commands {
            self.take(command);
        }
    }

    fn conclude(&mut self, outcome: &CycleOutcome) {
        let (now, entropy) = (self.now(), self.deps.device.entropy.clone());
        match &outcome.result {
            Ok(slice) if !slice.complete => {}
            result => self.throttle.note(now, result.as_ref().err()),
        }
        if let Some(interval) = outcome.suggested_interval {
            self.schedule.poll_interval.suggest(interval);
        }
        match &outcome.result {
            Ok(slice) => {
                if slice.complete {
                    self.stalls = if outcome.stalled { self.stalls.saturating_add(1) } else { 0 };
                    self.schedule.succeeded(now, entropy.as_ref(), self.due_in());
                    self.deps.state.ended(None);
                } else {
                    self.schedule.cut(now, entropy.as_ref());
                }
                self.deps.state.phase(Phase::Idle);
            }
            Err(error) => {
                tracing::info!(code = error.code().as_str(), %error, "sync ended early");
                self.schedule.failed(now, &self.deps.config, entropy.as_ref(), error);
                self.deps.state.ended(Some(error.clone()));
                self.deps.state.phase(match error.code() {
                    ErrorCode::SignedOut
                    | ErrorCode::AccountMismatch
                    | ErrorCode::Unauthorized
                    | ErrorCode::UpgradeRequired => Phase::SignedOut,
                    _ if !self.deps.connectivity.is_online() => Phase::Offline,
                    _ if self.deps.config.automatic => Phase::Waiting,
                    _ => Phase::Idle,
                });
            }
        }
    }

    /// When the next operation may go that only its own wait keeps here.
    fn due_in(&self) -> Option<Duration> {
        let (which, forbidden) = (runnable(&self.deps, i64::MAX), self.cycle.forbidden());
        let due = self.deps.store.read(|connection| {
            let held = streams::loading(connection, &forbidden)?.into_iter().map(|(id, _)| id).collect();
            operations::next_due(connection, &Runnable { held, ..which })
        });
        let wait = due.ok().flatten()? - self.deps.device.clock.wall_ms();
        // What is due and was not sent came while the cycle ran, or nothing became of it: then each look comes later than the one before.
        let least = match self.stalls {
            0 => Duration::from_secs(1),
            stalls => self.deps.config.retry.delay(stalls, self.deps.device.entropy.as_ref()),
        };
        Some(Duration::from_millis(wait.max(0).cast_unsigned()).max(least))
    }

    fn retry_now(&mut self) {
        self.cycle.forget_failure();
        self.schedule.retry_now(self.deps.device.clock.monotonic());
    }

    fn take(&mut self, command: Command) {
        match command {
            Command::Sync(_, tell) if self.paused => {
                let _ = tell.send(Err(suspended()));
            }
            Command::Sync(scope, tell) => self.asking.push((scope, tell)),
            Command::Refresh(_, tell) if self.paused => {
                let _ = tell.send(Err(suspended()));
            }
            Command::Refresh(key, tell) => self.refreshes.add(key, tell),
            Command::TimeBudget(slice) if self.paused => {
                let _ = slice.tell.send(Err(suspended()));
            }
            Command::TimeBudget(slice) => self.slices.push_back(slice),
            Command::Report(event) => {
                let (now, entropy) = (self.deps.device.clock.monotonic(), self.deps.device.entropy.as_ref());
                self.schedule.report(now, event, entropy);
            }
            Command::SignedIn => {
                self.cycle.forget_refusals();
                self.retry_now();
            }
            Command::RetryNow => self.retry_now(),
            Command::Pause(done) => {
                self.paused = true;
                for (_, waiting) in self.asking.drain(..) {
                    let _ = waiting.send(Err(suspended()));
                }
                std::mem::take(&mut self.refreshes).tell(&Err(suspended()));
                for slice in self.slices.drain(..) {
                    let _ = slice.tell.send(Err(suspended()));
                }
                let _ = done.send(());
            }
            Command::Turn(turn) => self.turns.push_back(turn),
            Command::Resume => {
                self.paused = false;
                self.schedule.retry_now(self.deps.device.clock.monotonic());
            }
        }
    }

    fn take_write(&mut self) {
        self.schedule.wrote(self.deps.device.clock.monotonic(), self.deps.config.debounce);
    }

    fn take_network(&mut self) {
        if self.deps.connectivity.is_online() {
            let (now, entropy) = (self.deps.device.clock.monotonic(), self.deps.device.entropy.as_ref());
            self.schedule.connected(now, entropy);
            self.deps.state.phase(Phase::Idle);
        } else {
            self.schedule.disconnected();
            self.deps.state.phase(Phase::Offline);
        }
    }
}

/// Runs a slice's cycle for as long as its caller waits for it.
async fn while_wanted(cycle: impl Future<Output = CycleOutcome>, slice: Option<&mut TimeBudget>) -> CycleOutcome {
    let Some(slice) = slice else { return cycle.await };
    tokio::select! {
        biased;
        () = slice.tell.closed() => CycleOutcome::cut(),
        outcome = cycle => outcome,
    }
}

//! The task that runs cycles.

use super::handle::{Command, EngineHandle, Turn};
use super::report::SyncReport;
use super::schedule::Schedule;
use crate::error::{Error, ErrorCode, Result};
use crate::model::Phase;
use crate::net::SyncReason;
use crate::platform::Network;
use crate::store::outbox;
use crate::sync::deps::EngineDeps;
use crate::sync::work::Cycle;
use crate::sync::work::{RefreshQueue, Throttle, serve, suspended};
use crate::sync::work::{SliceReport, TimeBudget};
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
    inbox: mpsc::UnboundedReceiver<Command>,
    wrote: Arc<Notify>,
    network: watch::Receiver<Network>,
    schedule: Schedule,
    /// Who waits for the next cycle.
    asking: Vec<oneshot::Sender<Result<SyncReport>>>,
    /// What is to be read before that.
    refreshes: RefreshQueue,
    throttle: Throttle,
    /// Who waits for a slice. Each has a cycle of its own.
    slices: VecDeque<TimeBudget>,
    /// Who wants to work while no cycle runs.
    turns: VecDeque<Turn>,
    paused: bool,
}

/// What ended a cycle or a wait.
enum Event<T> {
    Done(T),
    Command(Option<Command>),
    Wrote,
    Network,
}

/// What came while a cycle ran, to be taken after it.
enum DeferredEvent {
    Command(Command),
    Wrote,
    Network,
}

impl Task {
    fn new(deps: EngineDeps, inbox: mpsc::UnboundedReceiver<Command>, wrote: Arc<Notify>) -> Self {
        let network = deps.connectivity.subscribe();
        let schedule = Schedule::start(deps.device.clock.monotonic());
        let deps = Arc::new(deps);
        let (refreshes, throttle) = (RefreshQueue::default(), Throttle::default());
        let (asking, slices, turns) = (Vec::new(), VecDeque::new(), VecDeque::new());
        Self { deps, inbox, wrote, network, schedule, asking, refreshes, throttle, slices, turns, paused: false }
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
            let event = next_event(sleep, &mut self.inbox, &self.wrote, &mut self.network).await;
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

    /// How long until the next cycle; zero: now; none: only an event can tell.
    fn wait(&mut self) -> Option<Duration> {
        while let Ok(command) = self.inbox.try_recv() {
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
        let next = self.schedule.next(&self.deps.config, self.deps.connectivity.get())?;
        Some(next.saturating_sub(self.deps.device.clock.monotonic()))
    }

    /// Runs one cycle, taking events meanwhile. False if the client has gone.
    async fn cycle(&mut self) -> bool {
        if !self.turns.is_empty() {
            return true;
        }
        let asking = std::mem::take(&mut self.asking);
        let mut slice = if asking.is_empty() { self.slices.pop_front() } else { None };
        let limit = watch::Sender::new(slice.as_ref().map(|slice| slice.cut));
        let by_itself = self.schedule.begin(self.deps.device.clock.monotonic());
        let context = match &slice {
            Some(_) => SyncReason::Background,
            None if asking.is_empty() => by_itself,
            None => SyncReason::User,
        };
        let deps = self.deps.clone();
        let work = while_wanted(Cycle::run(&deps, context, limit.subscribe()), slice.as_mut());
        let heard = |command: &Command| {
            if let Command::TimeBudget(next) = command
                && asking.is_empty()
            {
                // Nobody waits for this cycle: it shares the slice's time.
                limit.send_if_modified(|cut| cut.is_none() && cut.replace(next.cut).is_none());
            }
        };
        let Some((outcome, deferred)) = self.attend(work, heard).await else { return false };
        self.conclude(&outcome);
        for waiting in asking {
            // Who has stopped waiting needs no answer.
            let _ = waiting.send(outcome.clone().map(|slice| slice.report));
        }
        if let Some(slice) = slice {
            let _ = slice.tell.send(outcome);
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
        if let Some(reason) = self.throttle.reason(self.deps.device.clock.monotonic()) {
            refreshes.tell(&Err(reason));
            return true;
        }
        let (deps, keys) = (self.deps.clone(), refreshes.keys());
        let work = async { Ok(serve(&deps, keys).await) };
        let Some((outcome, deferred)) = self.attend(work, |_| {}).await else { return false };
        let now = self.deps.device.clock.monotonic();
        for answer in outcome.iter().flat_map(|answers| answers.values()) {
            self.throttle.note(now, answer.as_ref().err());
        }
        refreshes.tell(&outcome);
        self.take_deferred(deferred);
        true
    }

    /// Does some work and keeps what comes meanwhile; `heard` is shown each command. A pause stops it. None if the client has gone.
    async fn attend<T>(
        &mut self,
        work: impl Future<Output = Result<T>>,
        heard: impl Fn(&Command),
    ) -> Option<(Result<T>, Vec<DeferredEvent>)> {
        let mut deferred = Vec::new();
        let mut running = std::pin::pin!(work);
        loop {
            match next_event(running.as_mut(), &mut self.inbox, &self.wrote, &mut self.network).await {
                Event::Done(outcome) => return Some((outcome, deferred)),
                Event::Command(None) => return None,
                Event::Command(Some(command)) => {
                    let stop = match &command {
                        Command::Pause(_) => Some(suspended()),
                        Command::Turn(_) => Some(Error::state(ErrorCode::Cancelled)),
                        _ => None,
                    };
                    heard(&command);
                    deferred.push(DeferredEvent::Command(command));
                    // Dropping the work stops it.
                    if let Some(reason) = stop {
                        return Some((Err(reason), deferred));
                    }
                }
                Event::Wrote => deferred.push(DeferredEvent::Wrote),
                Event::Network => deferred.push(DeferredEvent::Network),
            }
        }
    }

    fn take_deferred(&mut self, deferred: Vec<DeferredEvent>) {
        for event in deferred {
            match event {
                DeferredEvent::Command(command) => self.take(command),
                DeferredEvent::Wrote => self.take_write(),
                DeferredEvent::Network => self.take_network(),
            }
        }
    }

    fn conclude(&mut self, outcome: &Result<SliceReport>) {
        let (now, entropy) = (self.deps.device.clock.monotonic(), self.deps.device.entropy.clone());
        match &outcome {
            Ok(slice) if !slice.complete => {}
            outcome => self.throttle.note(now, outcome.as_ref().err()),
        }
        if let Some(interval) = self.deps.adaptive.suggested() {
            self.schedule.poll_interval.suggest(interval);
        }
        match outcome {
            Ok(slice) => {
                if slice.complete {
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
                    ErrorCode::SignedOut | ErrorCode::Unauthorized | ErrorCode::UpgradeRequired => Phase::SignedOut,
                    _ if !self.deps.connectivity.is_online() => Phase::Offline,
                    _ if self.deps.config.automatic => Phase::Waiting,
                    _ => Phase::Idle,
                });
            }
        }
    }

    /// When the next operation that waits for a time may go.
    fn due_in(&self) -> Option<Duration> {
        let due = self.deps.store.read(outbox::next_due).ok().flatten()?;
        let wait = due - self.deps.device.clock.wall_ms();
        // Something is due and yet was not sent: its stream is being read anew, or its group waits. Look again, but not in a circle.
        Some(Duration::from_millis(wait.max(1_000).cast_unsigned()))
    }

    fn take(&mut self, command: Command) {
        match command {
            Command::Sync(tell) if self.paused => {
                let _ = tell.send(Err(suspended()));
            }
            Command::Sync(tell) => self.asking.push(tell),
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
            Command::RetryNow => self.schedule.retry_now(self.deps.device.clock.monotonic()),
            Command::Pause(done) => {
                self.paused = true;
                for waiting in self.asking.drain(..) {
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

/// Runs a slice's cycle for as long as somebody waits for it.
async fn while_wanted(
    cycle: impl Future<Output = Result<SliceReport>>,
    slice: Option<&mut TimeBudget>,
) -> Result<SliceReport> {
    let Some(slice) = slice else { return cycle.await };
    tokio::select! {
        biased;
        () = slice.tell.closed() => Ok(SliceReport::default()),
        outcome = cycle => outcome,
    }
}

/// Waits for `work` or whatever else comes first.
async fn next_event<T>(
    work: impl Future<Output = T>,
    inbox: &mut mpsc::UnboundedReceiver<Command>,
    wrote: &Notify,
    network: &mut watch::Receiver<Network>,
) -> Event<T> {
    tokio::select! {
        biased;
        command = inbox.recv() => Event::Command(command),
        () = wrote.notified() => Event::Wrote,
        Ok(()) = network.changed() => Event::Network,
        done = work => Event::Done(done),
    }
}

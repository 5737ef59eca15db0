//! The requests of one run: whether there is time for the next one, how long it takes, and whether it would be one too many.
//!
//! Invariants:
//! - In a slice of background time no request is begun that is not expected to end in it, and one that is out when it ends is dropped.
//! - Every request is counted by the [`StormGuard`]. Without progress there are only so many in a minute and in an hour: then the run ends
//!   with the failure of the last one.

use super::budget::{Limit, passed};
use super::rtt::RttEstimator;
use super::storm_guard::StormGuard;
use crate::backend::BackendError;
use crate::error::{Error, ErrorCode, Result};
use crate::net::{HttpClient, SyncReason};
use crate::platform::Clock;
use crate::sync::deps::EngineDeps;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Why a run ends early.
#[derive(Debug)]
pub(in crate::sync) enum Stop {
    Failed(Error),
    /// The slice is over, or has no time for another request.
    OutOfTime,
}

impl Stop {
    /// The failure that a refresh ends with. It has no limit, so it never runs out of time.
    pub fn into_error(self) -> Error {
        match self {
            Self::Failed(error) => error,
            Self::OutOfTime => Error::state(ErrorCode::Cancelled),
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<BackendError> for Stop {
    fn from(error: BackendError) -> Self {
        Self::Failed(error.into_error())
    }
}

/// A request may renew the session's token before it goes out: so many requests it is at once.
const AT_ONCE: usize = 2;

/// What all runs of a process have in common. Thread-safe.
pub(in crate::sync) struct RequestHistory {
    http: Arc<HttpClient>,
    guard: Mutex<Guarded>,
}

#[derive(Debug, Default)]
struct Guarded {
    storm: StormGuard,
    /// How many requests of the client are counted.
    counted: u64,
    /// Why the last request failed.
    failure: Option<Error>,
}

impl RequestHistory {
    pub fn new(http: Arc<HttpClient>) -> Self {
        Self { http, guard: Mutex::default() }
    }

    /// When the next request may be made, on the monotonic clock.
    pub fn free_at(&self, now: Duration) -> Duration {
        self.counted(now).storm.free_for(AT_ONCE, now)
    }

    /// Something has come of the requests so far.
    pub fn progressed(&self) {
        let counted = self.http.traffic().requests;
        *self.locked() = Guarded { counted, ..Guarded::default() };
    }

    /// The same, but for the requests that were made after the client's `answered`-th.
    fn progressed_before(&self, answered: u64, now: Duration) {
        let mut guarded = self.counted(now);
        let newest = usize::try_from(guarded.counted.saturating_sub(answered)).unwrap_or(usize::MAX);
        guarded.storm.progress_before(newest);
        guarded.failure = guarded.failure.take().filter(|_| newest > 0);
    }

    /// To be called before each request.
    ///
    /// # Errors
    /// The failure of the last request, if this one would be too many.
    pub fn admit(&self, now: Duration) -> Result<()> {
        let guarded = self.counted(now);
        if guarded.storm.free_for(AT_ONCE, now) <= now {
            return Ok(());
        }
        let waits = || Error::network(ErrorCode::ServerError, "no request has come to anything for a while");
        Err(guarded.failure.clone().unwrap_or_else(waits))
    }

    /// A request has failed. What failed before anything was sent (there is no session) is no word of the server's, and is not kept.
    pub fn failed(&self, error: &BackendError) {
        let mut guarded = self.locked();
        if let BackendError::Failed(error) | BackendError::TooLarge(error) = error
            && self.http.traffic().requests > guarded.counted
        {
            guarded.failure = Some(error.clone());
        }
    }

    /// A session has begun, or the app repaired something: why requests failed before says nothing of the next one. They stay counted.
    pub fn forget_failure(&self) {
        self.locked().failure = None;
    }

    /// Counts what the client has sent since it was last counted, renewed tokens among it.
    fn counted(&self, now: Duration) -> MutexGuard<'_, Guarded> {
        let total = self.http.traffic().requests;
        let mut guarded = self.locked();
        for _ in guarded.counted..total {
            guarded.storm.request(now);
        }
        guarded.counted = total;
        guarded
    }

    fn locked(&self) -> MutexGuard<'_, Guarded> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The requests of one run.
pub(in crate::sync) struct Requests<'a> {
    pub reason: SyncReason,
    pub history: &'a RequestHistory,
    rtt: &'a mut RttEstimator,
    clock: &'a dyn Clock,
    limit: Limit,
    began: Duration,
    /// It has begun a request.
    begun: bool,
    /// How many requests the client had made when the last answer came.
    answered: u64,
}

impl<'a> Requests<'a> {
    pub fn new(
        reason: SyncReason,
        history: &'a RequestHistory,
        rtt: &'a mut RttEstimator,
        clock: &'a dyn Clock,
        limit: Limit,
    ) -> Self {
        Self { reason, history, rtt, clock, limit, began: clock.monotonic(), begun: false, answered: 0 }
    }

    /// How long the run has taken so far.
    pub fn elapsed(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.began)
    }

    /// Whether the run has a limit in time.
    pub fn is_limited(&self) -> bool {
        self.limit.borrow().is_some()
    }

    /// Whether the next request is expected to end before the limit.
    pub fn has_time(&self) -> bool {
        self.limit.borrow().is_none_or(|cut| self.clock.monotonic() + self.rtt.expected() < cut)
    }

    /// To be called before the work for a request begins.
    pub fn take_time(&mut self) -> Result<(), Stop> {
        if self.has_time() {
            self.begun = true;
            return Ok(());
        }
        if !self.begun {
            self.rtt.skipped();
        }
        Err(Stop::OutOfTime)
    }

    /// Sends a request, waits for its answer and measures how long that takes.
    pub async fn send<T>(
        &mut self,
        request: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<Result<T, BackendError>, Stop> {
        self.history.admit(self.clock.monotonic())?;
        self.rtt.begun(self.clock.monotonic());
        let answer = tokio::select! {
            biased;
            answer = request => answer,
            () = passed(self.limit.clone(), self.clock) => {
                self.rtt.cut(self.clock.monotonic());
                return Err(Stop::OutOfTime);
            }
        };
        match &answer {
            Ok(_) => {
                self.rtt.answered(self.clock.monotonic());
                self.answered = self.history.http.traffic().requests;
            }
            Err(error) => {
                self.rtt.failed();
                self.history.failed(error);
            }
        }
        drop(self.history.counted(self.clock.monotonic()));
        Ok(answer)
    }

    /// The run has found everything in step. What failed after its last answer (an action, which keeps nothing else) has come to nothing.
    pub fn progressed(&self) {
        self.history.progressed_before(self.answered, self.clock.monotonic());
    }

    /// Rows of a request at most, if the run has a limit.
    pub fn rows(&self) -> Option<usize> {
        self.is_limited().then(|| self.rtt.rows())
    }

    /// A request was as large as it may be, and there is more.
    pub fn page_was_full(&mut self, most: usize) {
        if let Some(cut) = *self.limit.borrow() {
            self.rtt.filled(cut.saturating_sub(self.began), most);
        }
    }
}

/// Fails if the device has no network: no request is made then.
pub(in crate::sync) fn check_network(deps: &EngineDeps) -> Result<()> {
    if deps.connectivity.is_online() {
        return Ok(());
    }
    Err(Error::network(ErrorCode::Offline, "the device has no network"))
}

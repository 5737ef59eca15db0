//! Trying jobs: the first attempt at once, later ones when they are due.
//!
//! Invariants:
//! - An attempt is counted, and its repeat scheduled for after its time limit, before the handler is called. A server that dies in the
//!   middle of it tries again; a job that kills the server is given up like any other.
//! - This process has at most one attempt of a job at a time, and at most `max_parallel` of all jobs.
//! - In memory nothing runs by itself: attempts happen on the task that calls.

use super::call::given_up;
use super::{ActionCall, ActionOutcome, ActionRefusal, Registry};
use crate::error::Code;
use crate::model::{CollectionName, Space};
use crate::state::State;
use crate::store::jobs::{self, Job, JobState};
use crate::store::{Lane, StoreError, accounts, records, spaces, streams};
use crate::sync::wire;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The first wait between two attempts; each is twice the one before, up to an hour.
const FIRST_BACKOFF_MS: i64 = 1000;
const LONGEST_BACKOFF_MS: i64 = 60 * 60 * 1000;
/// The longest wait that a handler may ask for.
const LONGEST_WAIT_MS: i64 = 24 * 60 * 60 * 1000;
/// How long after its time limit an attempt counts as lost.
const LEASE_MARGIN_MS: i64 = 1000;
/// Due jobs that are looked up at once.
const PORTION: usize = 64;
/// The loop looks for due jobs no more and no less often than this.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The jobs of this process: handlers, free places, attempts under way.
pub(crate) struct Jobs {
    registry: Registry,
    places: Arc<Semaphore>,
    under_way: Arc<Mutex<BTreeSet<i64>>>,
    woken: Notify,
}

/// The right to one attempt.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// The mark that an attempt of a job is under way.
struct UnderWay {
    row: i64,
    all: Arc<Mutex<BTreeSet<i64>>>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.row);
    }
}

impl Jobs {
    pub(crate) fn new(registry: Registry, max_parallel: u32) -> Self {
        Self {
            registry,
            places: Arc::new(Semaphore::new(max_parallel as usize)),
            under_way: Arc::default(),
            woken: Notify::new(),
        }
    }

    /// The handlers.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A place for an attempt. `None` if all are taken.
    pub(super) fn place(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok().map(|permit| Place { _permit: permit })
    }

    /// Makes the loop look for due jobs now.
    pub(super) fn wake(&self) {
        self.woken.notify_one();
    }

    /// Marks an attempt. `None` if one of this job is under way.
    fn begin(&self, row: i64) -> Option<UnderWay> {
        let fresh = self.under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(row);
        fresh.then(|| UnderWay { row, all: Arc::clone(&self.under_way) })
    }
}

/// When an attempt that begins now counts as lost.
pub(super) fn lease_end(state: &State, now: i64) -> i64 {
    now + i64::from(state.config.actions.timeout_seconds) * 1000 + LEASE_MARGIN_MS
}

/// Tries a new job, whose attempt is counted already; returns it as it stands after the configured wait.
pub(super) async fn first_attempt(state: &Arc<State>, job: Job, place: Place) -> Job {
    let Some(mark) = state.jobs.begin(job.row) else { return job };
    if state.database.is_inline() {
        return attempt(state, job.clone()).await.unwrap_or(job);
    }
    let (worker, running) = (Arc::clone(state), job.clone());
    let attempt = tokio::spawn(async move {
        let _held = (mark, place);
        attempt(&worker, running).await
    });
    // A handler that takes longer goes on; one that panicked is called again at the end of its lease.
    match tokio::time::timeout(state.config.actions.wait(), attempt).await {
        Ok(Ok(Ok(job))) => job,
        _ => job,
    }
}

/// Tries the jobs that are due; returns how many. Waits for their handlers in memory, else only for places.
pub(crate) async fn run_due(state: &Arc<State>) -> Result<usize, StoreError> {
    let now = state.now();
    let due = state.database.read::<_, StoreError, _>(Lane::Shared, move |db| Ok(jobs::due(db, now, PORTION)?)).await?;
    let mut begun = 0;
    for row in due {
        let Some(mark) = state.jobs.begin(row) else { continue };
        let Ok(permit) = Arc::clone(&state.jobs.places).acquire_owned().await else { break };
        let held = (mark, Place { _permit: permit });
        let next_ts = lease_end(state, state.now());
        let counted = state
            .database
            .write::<_, StoreError, _>(Lane::Shared, move |tx| Ok(jobs::begin_attempt(tx, row, next_ts)?));
        let Some(job) = counted.await? else { continue };
        begun += 1;
        if state.database.is_inline() {
            attempt(state, job).await?;
            continue;
        }
        let worker = Arc::clone(state);
        tokio::spawn(async move {
            let _held = held;
            if let Err(error) = attempt(&worker, job).await {
                tracing::warn!(%error, "an attempt of a job could not be stored; it will be made again");
            }
        });
    }
    Ok(begun)
}

/// Tries jobs when they are due, for ever.
pub(crate) async fn repeat(state: Arc<State>) {
    loop {
        let next = match run_due(&state).await {
            Ok(_) => state.database.read::<_, StoreError, _>(Lane::Shared, |db| Ok(jobs::next_due(db)?)).await,
            Err(error) => Err(error),
        };
        let pause = match next {
            Ok(Some(next_ts)) => Duration::from_millis(u64::try_from(next_ts - state.now()).unwrap_or(0)),
            Ok(None) => LONGEST_PAUSE,
            Err(error) => {
                tracing::warn!(%error, "cannot look for due jobs; the next round will");
                LONGEST_PAUSE
            }
        };
        // A job that was begun without a free place, or put off, is due before the pause is over.
        let woken = state.jobs.woken.notified();
        let _ = tokio::time::timeout(pause.clamp(SHORTEST_PAUSE, LONGEST_PAUSE), woken).await;
    }
}

/// Calls the handler of a job and stores what it says; returns the job as it is then.
async fn attempt(state: &Arc<State>, mut job: Job) -> Result<Job, StoreError> {
    let settings = &state.config.actions;
    let collection = job.collection.as_deref().and_then(|name| CollectionName::parse(name).ok());
    let handler = state.jobs.registry.find(collection.as_ref(), &job.name);
    let next = match handler {
        _ if job.attempts > settings.max_attempts => given_up("every attempt failed"),
        // Its name was taken out of the configuration: it may come back.
        None => put_off(state, &job, None),
        Some(handler) => {
            let call = describe(state, &job, collection).await?;
            let outcome = if state.database.is_inline() {
                handler.run(call).await
            } else {
                let answered = tokio::time::timeout(settings.timeout(), handler.run(call)).await;
                answered.unwrap_or(ActionOutcome::Later(None))
            };
            after(state, &job, outcome)
        }
    };
    job.state = next;
    let (row, stored, now) = (job.row, job.state.clone(), state.now());
    state
        .database
        .write::<_, StoreError, _>(Lane::Shared, move |tx| Ok(jobs::set_state(tx, row, &stored, now)?))
        .await?;
    state.jobs.wake();
    Ok(job)
}

/// The call as the handler gets it, with the record as it is now.
async fn describe(state: &State, job: &Job, collection: Option<CollectionName>) -> Result<ActionCall, StoreError> {
    let (user, id) = (job.user, job.record_id.clone());
    let read = state.database.read::<_, StoreError, _>(Lane::Shared, move |db| {
        let user = accounts::user_by_row(db, user)?;
        let space = Space::of_user(&user.public_id);
        let mut record = None;
        if let (Some(collection), Some(id)) = (collection, id) {
            let stream = streams::find(db, spaces::of_owner(db, user.row)?, &collection)?.row;
            if let Some(found) = records::find(db, stream, &id)?.filter(|found| found.body.is_some()) {
                record = serde_json::from_slice(&wire::full_record(db, &space, &found)?).ok();
            }
        }
        Ok((user.public_id, space.to_string(), record))
    });
    let (user_id, space, record) = read.await?;
    Ok(ActionCall {
        job_id: job.public_id.clone(),
        op_id: job.op_id.clone(),
        user_id,
        space,
        collection: job.collection.clone(),
        id: job.record_id.clone(),
        record,
        name: job.name.clone(),
        params: serde_json::from_str(&job.params).unwrap_or_default(),
        attempt: job.attempts,
    })
}

/// The state of a job after its handler has answered.
fn after(state: &State, job: &Job, outcome: ActionOutcome) -> JobState {
    match outcome {
        ActionOutcome::Done(result) => {
            let (text, most) = (result.to_string(), state.config.limits.max_record_bytes);
            if text.len() > most {
                return given_up(&format!("the result has more than {most} bytes"));
            }
            JobState::Succeeded(text)
        }
        ActionOutcome::Refused(refusal) => {
            JobState::Failed(error_json(Code::ActionRefused, &refusal.message, Some(&refusal)))
        }
        ActionOutcome::Later(wait) => put_off(state, job, wait),
    }
}

fn put_off(state: &State, job: &Job, wait: Option<Duration>) -> JobState {
    if job.attempts >= state.config.actions.max_attempts {
        return given_up("every attempt failed");
    }
    let wait = match wait {
        Some(wait) => i64::try_from(wait.as_millis()).unwrap_or(LONGEST_WAIT_MS).min(LONGEST_WAIT_MS),
        None => backoff_ms(job.attempts, job.row),
    };
    JobState::Running { next_ts: state.now() + wait }
}

/// The wait after so many attempts. Jobs that failed together come back up to a second apart.
fn backoff_ms(attempts: u32, row: i64) -> i64 {
    let doubled = FIRST_BACKOFF_MS << attempts.saturating_sub(1).min(20);
    doubled.min(LONGEST_BACKOFF_MS) + row.rem_euclid(1000)
}

/// The error of a job as it is stored, and as `GET /v1/jobs/{id}` shows it.
pub(super) fn error_json(code: Code, message: &str, refusal: Option<&ActionRefusal>) -> String {
    let mut error = json!({"code": code.as_str(), "message": message, "retryable": false});
    if let Some(refusal) = refusal {
        error["reason"] = Value::from(refusal.reason.as_str());
        if !refusal.details.is_empty() {
            error["details"] = json!(refusal.details);
        }
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_an_hour() {
        let waits: Vec<i64> = [1, 2, 3, 12, 13, 1000].iter().map(|attempts| backoff_ms(*attempts, 0)).collect();
        assert_eq!(waits, [1000, 2000, 4000, 2_048_000, 3_600_000, 3_600_000]);
        assert_eq!(backoff_ms(1, 1007), 1007);
    }
}

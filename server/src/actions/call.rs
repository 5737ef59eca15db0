//! One request for an action: finds the job of its key, or makes it and tries it at once.

use super::runner::{self, error_json};
use crate::error::{Code, Failure};
use crate::model::{CollectionName, OpId, RecordId};
use crate::state::State;
use crate::store::jobs::{self, Job, JobState};
use crate::store::records;
use crate::store::streams;
use crate::store::{Lane, WriteTx};
use crate::sync::refusal;
use crate::sync::scope::Scope;
use rusqlite::Connection;
use serde_json::Value;
use std::sync::Arc;

/// A request for an action.
pub(crate) struct Request {
    pub(crate) scope: Scope,
    pub(crate) collection: Option<CollectionName>,
    pub(crate) id: Option<RecordId>,
    pub(crate) name: String,
    pub(crate) params: Value,
    pub(crate) op_id: OpId,
    /// Recognises another request under the same key.
    pub(crate) content: [u8; 16],
}

/// The job of a request.
pub(crate) struct Answer {
    pub(crate) job: Job,
    /// Whether the job was there before.
    pub(crate) repeated: bool,
}

/// Answers a request with its job, which has ended if the handler was fast enough.
pub(crate) async fn call(state: &Arc<State>, request: Request) -> Result<Answer, Failure> {
    let params = request.params.to_string();
    if let Err(failure) = may_be_new(state, &request, &params) {
        // A call that was made before has its answer, whatever has been configured since.
        let known = state.database.read(Lane::User(request.scope.user), move |db| find(db, &request)).await?;
        return known.ok_or(failure);
    }
    let now = state.now();
    // Without a free place the job waits for one: it is due from now on.
    let place = state.jobs.place();
    let next_ts = if place.is_some() { runner::lease_end(state, now) } else { now };
    let job = Job {
        row: 0,
        public_id: state.entropy.uuid(now)?,
        user: request.scope.user,
        op_id: request.op_id.to_string(),
        content: request.content,
        collection: request.collection.as_ref().map(ToString::to_string),
        record_id: request.id.as_ref().map(ToString::to_string),
        name: request.name.clone(),
        params,
        state: JobState::Running { next_ts },
        attempts: u32::from(place.is_some()),
        created_ts: now,
    };
    let answer =
        state.database.write(Lane::User(request.scope.user), move |tx| find_or_insert(tx, &request, job)).await?;
    if answer.repeated {
        return Ok(answer);
    }
    let job = match place {
        Some(place) => runner::first_attempt(state, answer.job, place).await,
        None => {
            state.jobs.wake();
            answer.job
        }
    };
    Ok(Answer { job, repeated: false })
}

/// Whether a call that was never made before could be carried out.
fn may_be_new(state: &State, request: &Request, params: &str) -> Result<(), Failure> {
    if state.jobs.registry().find(request.collection.as_ref(), &request.name).is_none() {
        return Err(Failure::new(Code::NotFound, "there is no such action"));
    }
    if params.len() > state.config.limits.max_record_bytes {
        return Err(Failure::new(Code::PayloadTooLarge, "the parameters are larger than a record may be")
            .with("limits", &state.config.limits));
    }
    Ok(())
}

/// The answer to a call that was made before. `None` if it is new.
fn find(db: &Connection, request: &Request) -> Result<Option<Answer>, Failure> {
    let Some(job) = jobs::find_by_key(db, request.scope.user, request.op_id.as_str())? else { return Ok(None) };
    if job.content != request.content {
        return Err(Failure::new(Code::IdempotencyKeyReused, "another request had this Idempotency-Key"));
    }
    Ok(Some(Answer { job, repeated: true }))
}

fn find_or_insert(tx: &WriteTx<'_>, request: &Request, mut job: Job) -> Result<Answer, Failure> {
    let scope = &request.scope;
    if let Some(known) = find(tx, request)? {
        return Ok(known);
    }
    if let (Some(collection), Some(id)) = (&request.collection, &request.id) {
        let stream = streams::find(tx, scope.space_row, collection)?.row;
        let record = records::find(tx, stream, id.as_str())?.ok_or_else(refusal::not_found)?;
        if record.body.is_none() {
            return Err(refusal::deleted(&record));
        }
    }
    let running = jobs::count_running(tx, job.user)?;
    if running >= i64::from(scope.config.actions.max_running) {
        let failure = Failure::new(Code::RateLimited, "too many actions of this account are running");
        return Err(failure.with("retryAfter", &10).retry_after(10));
    }
    let (bytes, quotas) = (jobs::bytes(tx, job.user)?, &scope.config.quotas);
    if bytes >= quotas.job_bytes {
        return Err(Failure::quota("jobBytes", bytes, quotas.job_bytes, quotas.upgrade_url.as_deref()));
    }
    job.row = jobs::insert(tx, &job)?;
    Ok(Answer { job, repeated: false })
}

/// The failure that a job ended with, from its stored form.
pub(crate) fn failure(error: &str) -> Failure {
    let error: Value = serde_json::from_str(error).unwrap_or_default();
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let code = Code::parse(&text("code")).unwrap_or(Code::ActionFailed);
    let mut failure = Failure::new(code, text("message"));
    for name in ["reason", "details"] {
        if let Some(value) = error.get(name) {
            failure = failure.with(name, value);
        }
    }
    failure
}

/// The error of a job that is given up.
pub(super) fn given_up(why: &str) -> JobState {
    JobState::Failed(error_json(Code::ActionFailed, why, None))
}

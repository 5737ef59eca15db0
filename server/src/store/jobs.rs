//! Jobs: calls of actions, by user and key, with what became of them.
//!
//! Invariant: `spaces.job_bytes` is what parameters and outcomes of the owner's jobs take, each job with [`ROW_BYTES`].

use super::WriteTx;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

/// What a job takes beside its parameters and its outcome.
pub(crate) const ROW_BYTES: i64 = 256;

/// A call of an action and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    /// Its row.
    pub(crate) row: i64,
    /// The id that clients see.
    pub(crate) public_id: String,
    /// The user who called.
    pub(crate) user: i64,
    /// The `Idempotency-Key`.
    pub(crate) op_id: String,
    /// The hash of the call's content, to tell another one under the same key.
    pub(crate) content: [u8; 16],
    /// The collection that the action is of.
    pub(crate) collection: Option<String>,
    /// The record that the action is of.
    pub(crate) record_id: Option<String>,
    /// The action.
    pub(crate) name: String,
    /// JSON text.
    pub(crate) params: String,
    /// Its state.
    pub(crate) state: JobState,
    /// How often its handler was called.
    pub(crate) attempts: u32,
    /// The time of the call.
    pub(crate) created_ts: i64,
}

/// The state of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JobState {
    /// It has no result yet. It is tried (again) at this time.
    Running { next_ts: i64 },
    /// It is done; its result as JSON text.
    Succeeded(String),
    /// It will not be done; the error as JSON text.
    Failed(String),
}

impl JobState {
    /// The number in the table, the time of the next attempt, the result or error.
    fn columns(&self) -> (i64, Option<i64>, Option<&str>) {
        match self {
            Self::Running { next_ts } => (0, Some(*next_ts), None),
            Self::Succeeded(result) => (1, None, Some(result)),
            Self::Failed(error) => (2, None, Some(error)),
        }
    }
}

macro_rules! columns {
    () => {
        "row, public_id, user, op_id, content, collection, record_id, name, params, state, next_ts, outcome, attempts, created_ts"
    };
}

fn job(row: &Row<'_>) -> Result<Job> {
    let text = |outcome: Option<String>| outcome.unwrap_or_else(|| "null".to_owned());
    let state = match row.get::<_, i64>(9)? {
        0 => JobState::Running { next_ts: row.get::<_, Option<i64>>(10)?.unwrap_or(0) },
        1 => JobState::Succeeded(text(row.get(11)?)),
        _ => JobState::Failed(text(row.get(11)?)),
    };
    Ok(Job {
        row: row.get(0)?,
        public_id: row.get(1)?,
        user: row.get(2)?,
        op_id: row.get(3)?,
        content: row.get(4)?,
        collection: row.get(5)?,
        record_id: row.get(6)?,
        name: row.get(7)?,
        params: row.get(8)?,
        state,
        attempts: row.get(12)?,
        created_ts: row.get(13)?,
    })
}

/// The job under a key.
pub(crate) fn find_by_key(connection: &Connection, user: i64, op_id: &str) -> Result<Option<Job>> {
    let sql = concat!("SELECT ", columns!(), " FROM jobs WHERE user = ?1 AND op_id = ?2");
    connection.prepare_cached(sql)?.query_row(params![user, op_id], job).optional()
}

/// A job of a user, by the id that clients see.
pub(crate) fn find(connection: &Connection, user: i64, public_id: &str) -> Result<Option<Job>> {
    let sql = concat!("SELECT ", columns!(), " FROM jobs WHERE public_id = ?2 AND user = ?1");
    connection.prepare_cached(sql)?.query_row(params![user, public_id], job).optional()
}

/// How many jobs of a user are running.
pub(crate) fn count_running(connection: &Connection, user: i64) -> Result<i64> {
    let mut statement = connection.prepare_cached("SELECT count(*) FROM jobs WHERE user = ?1 AND state = 0")?;
    statement.query_row([user], |row| row.get(0))
}

/// Rows of running jobs whose next attempt is due, the longest due first.
pub(crate) fn due(connection: &Connection, now: i64, most: usize) -> Result<Vec<i64>> {
    let mut statement = connection
        .prepare_cached("SELECT row FROM jobs WHERE state = 0 AND next_ts <= ?1 ORDER BY next_ts LIMIT ?2")?;
    let rows = statement.query_map(params![now, most as i64], |row| row.get(0))?;
    rows.collect()
}

/// When the next attempt of any job is due. `None` if no job is running.
pub(crate) fn next_due(connection: &Connection) -> Result<Option<i64>> {
    connection.prepare_cached("SELECT min(next_ts) FROM jobs WHERE state = 0")?.query_row([], |row| row.get(0))
}

/// Stores a new job. Its `row` is chosen here.
pub(crate) fn insert(tx: &WriteTx<'_>, job: &Job) -> Result<i64> {
    let (state, next_ts, outcome) = job.state.columns();
    let mut statement = tx.prepare_cached(
        "INSERT INTO jobs (public_id, user, op_id, content, collection, record_id, name, params, state, next_ts, outcome, attempts,
                           created_ts, updated_ts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)",
    )?;
    let row = statement.insert(params![
        job.public_id,
        job.user,
        job.op_id,
        job.content,
        job.collection,
        job.record_id,
        job.name,
        job.params,
        state,
        next_ts,
        outcome,
        job.attempts,
        job.created_ts,
    ])?;
    add(tx, job.user, job.params.len() as i64 + outcome.map_or(0, |outcome| outcome.len() as i64) + ROW_BYTES)?;
    Ok(row)
}

/// What the jobs of a user take, in bytes.
pub(crate) fn bytes(connection: &Connection, user: i64) -> Result<i64> {
    connection.prepare_cached("SELECT job_bytes FROM spaces WHERE owner = ?1")?.query_row([user], |row| row.get(0))
}

/// Counts bytes of jobs.
pub(super) fn add(tx: &WriteTx<'_>, user: i64, bytes: i64) -> Result<()> {
    tx.prepare_cached("UPDATE spaces SET job_bytes = max(0, job_bytes + ?2) WHERE owner = ?1")?
        .execute([user, bytes])?;
    Ok(())
}

/// Counts an attempt that begins now and would be made again at `next_ts`. `None` if the job is not running any more.
pub(crate) fn begin_attempt(tx: &WriteTx<'_>, row: i64, next_ts: i64) -> Result<Option<Job>> {
    tx.prepare_cached("UPDATE jobs SET attempts = attempts + 1, next_ts = ?2 WHERE row = ?1 AND state = 0")?
        .execute([row, next_ts])?;
    let sql = concat!("SELECT ", columns!(), " FROM jobs WHERE row = ?1 AND state = 0");
    tx.prepare_cached(sql)?.query_row([row], job).optional()
}

/// Stores how a running job stands. One that has ended stays as it is.
pub(crate) fn set_state(tx: &WriteTx<'_>, row: i64, state: &JobState, now: i64) -> Result<()> {
    let (state, next_ts, outcome) = state.columns();
    let mut statement = tx.prepare_cached(
        "UPDATE jobs SET state = ?2, next_ts = ?3, outcome = ?4, updated_ts = ?5 WHERE row = ?1 AND state = 0 RETURNING user",
    )?;
    let user = statement.query_row(params![row, state, next_ts, outcome, now], |row| row.get(0)).optional()?;
    match (user, outcome) {
        (Some(user), Some(outcome)) => add(tx, user, outcome.len() as i64),
        _ => Ok(()),
    }
}

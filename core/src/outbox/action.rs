//! Actions: named calls of the server that are queued, retried and parked like writes.
//!
//! Invariants:
//! - An action is sent alone, after the earlier operations of its document.
//! - Its id is its idempotency key: the server runs it once, whatever is sent again. Some refusals are the call's own answer, which the server
//!   keeps by that key: a retry is a new call then, so its key counts on (`<id>:1`). Any other refusal says nothing of an earlier request, so a
//!   retry keeps the key: the action may have run.
//! - Its result is stored with its outcome, in the transaction that ends it.

use super::new_operation::operation;
use super::{Pending, Ticket, view};
use crate::device::Device;
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Action, OpError, OpEvent, OpId, OpKind, Operation, Seen, WriteOutcome};
use crate::store::{Tx, operations, outcomes};
use serde_json::Value;

/// Why an action waits whose job the server has not ended.
const ACTION_RUNNING: &str = "ACTION_RUNNING";

/// What an action is about.
pub(crate) struct Target<'a> {
    /// The collection's number; 0 for none.
    pub collection: i64,
    /// The document; empty for none.
    pub doc_id: &'a str,
}

/// Queues an action.
///
/// # Errors
/// `INVALID_NAME` for a name that is not a letter, then at most 63 letters, digits and `_`; `DOCUMENT_TOO_LARGE` for parameters larger than a
/// document may be; `UNSUPPORTED` in a group.
pub(crate) fn act(
    tx: &Tx<'_>,
    device: &Device,
    name: &str,
    target: &Target<'_>,
    params: Value,
    group: Option<&str>,
) -> Result<OpId> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || name.len() > 64 || !name.chars().all(good) {
        let message =
            format!("{name:?} is not a name of an action: a letter, then at most 63 letters, digits and \"_\"");
        return Err(Error::invalid(ErrorCode::InvalidName, message));
    }
    if group.is_some() {
        let message = "an action cannot be a part of a group: it is sent alone".to_owned();
        return Err(Error::State { code: ErrorCode::Unsupported, message });
    }
    device.limits.check_parameters(params.to_string().len())?;
    let ticket = Ticket::new(tx, device, None)?;
    let action = Action { name: name.to_owned(), params, job: None, polls: 0 };
    let known = match target.collection {
        0 => None,
        collection => Pending::find(tx, collection, target.doc_id)?,
    };
    let mut pending = match known {
        Some(mut pending) => {
            pending.freeze_create()?;
            view::begin(&mut pending.row);
            pending
        }
        None => Pending::unbound(target.collection, target.doc_id),
    };
    let op = operation(&pending, &ticket, OpKind::Action, None, Seen::default(), Some(action));
    pending.ops.push(op);
    pending.queued = true;
    // An action changes nothing that is shown.
    pending.view_is_set = true;
    pending.save(tx, device)?;
    Ok(ticket.op_id)
}

/// What the server said about an action.
pub(crate) enum ActionAnswer<'a> {
    Done(&'a Value),
    /// It runs: ask for this job at `again_ms`, device time.
    Running {
        job: &'a str,
        again_ms: i64,
    },
    Refused(&'a OpError),
    /// Not now: again at `again_ms`, device time.
    Deferred {
        error: &'a OpError,
        again_ms: i64,
    },
}

/// Takes in the answer to an action.
pub(crate) fn answer_action(tx: &Tx<'_>, device: &Device, op_id: OpId, answer: &ActionAnswer<'_>) -> Result<()> {
    let Some(op) = operations::by_id(tx, op_id)? else { return Ok(()) };
    let Some(mut pending) = Pending::of_operation(tx, &op)? else { return Ok(()) };
    let Some(at) = pending.position(op.op_seq) else { return Ok(()) };
    match answer {
        ActionAnswer::Done(result) => {
            pending.end(at, WriteOutcome::Accepted(None));
            pending.save(tx, device)?;
            outcomes::keep_result(tx, op_id, result)
        }
        answer => {
            step(&mut pending.ops[at], answer);
            pending.view_is_set = true;
            pending.save(tx, device).map(drop)
        }
    }
}

fn step(op: &mut Operation, answer: &ActionAnswer<'_>) {
    match answer {
        ActionAnswer::Done(_) => {}
        ActionAnswer::Running { job, again_ms } => {
            op.on(OpEvent::NoAnswer);
            op.not_before_ms = *again_ms;
            op.last_error = Some(OpError::new(ACTION_RUNNING, "the server has begun the action, and it runs on"));
            if let Some(action) = &mut op.action {
                action.polls += 1;
                action.job = Some((*job).to_owned());
            }
        }
        ActionAnswer::Refused(error) => {
            op.on(OpEvent::Refused((*error).clone()));
            // A retry calls the action anew.
            if let Some(action) = &mut op.action {
                (action.job, action.polls) = (None, 0);
            }
        }
        ActionAnswer::Deferred { error, again_ms } => {
            op.attempts += 1;
            op.on(OpEvent::NoAnswer);
            op.last_error = Some((*error).clone());
            op.not_before_ms = *again_ms;
        }
    }
}

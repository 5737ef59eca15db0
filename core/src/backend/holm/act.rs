//! Calling actions (protocol, section 10).
//!
//! `POST /v1/{collection}/{id}/actions/{name}` (or without the id, or without both) with `{"params"}` and the operation's id as
//! `Idempotency-Key` answers 200 with `{"data": result, "meta"}`, or 202 with `{"data": {"jobId"}}` for one that runs on; then `GET /v1/jobs/{id}`
//! answers `{"data": {"state": "running|succeeded|failed", "result"?, "error"?}}`. The status alone tells a result from a job.

use super::invalid;
use super::pull::Meta;
use crate::backend::Outgoing;
use crate::error::{Error, Result};
use crate::model::{OpError, Operation, Outcome};
use crate::net::{Call, ServerFailure, TOO_LARGE};
use crate::time::{ServerTime, Span};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Envelope {
    // Null is a result, too. An answer without these members is not the server's: any JSON server could say `{"data": 7}`.
    data: Value,
    meta: Meta,
}

/// The job of an action, if it runs: then that is asked for.
fn job(outgoing: &Outgoing) -> Option<&str> {
    outgoing.op.action.as_ref()?.job.as_deref()
}

/// Path and call for an action, or for its job.
pub(super) fn request(outgoing: &Outgoing) -> Result<(String, Call)> {
    if let Some(job) = job(outgoing) {
        return Ok((format!("/v1/jobs/{}", escaped(job)), Call::Get));
    }
    let op = &outgoing.op;
    let action = op.action.as_ref().ok_or_else(|| Error::internal(format!("operation {} calls nothing", op.op_id)))?;
    let mut path = String::from("/v1");
    let id = outgoing.remote_id.as_deref().unwrap_or(&op.doc_id);
    for part in [outgoing.collection.as_str(), id].into_iter().filter(|part| !part.is_empty()) {
        path.push('/');
        path.push_str(&escaped(part));
    }
    path.push_str("/actions/");
    path.push_str(&action.name);
    let body = serde_json::to_vec(&serde_json::json!({"params": action.params}))
        .map_err(|error| Error::internal(error.to_string()))?;
    Ok((path, Call::Post(body)))
}

/// The idempotency key: the operation's id, and for a retry of a refused call its number.
pub(super) fn key(op: &Operation) -> String {
    if op.rounds == 0 { op.op_id.to_string() } else { format!("{}:{}", op.op_id, op.rounds) }
}

/// A segment of a path: everything but unreserved characters (RFC 3986) as percent escapes.
fn escaped(segment: &str) -> String {
    let mut path = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
            byte => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

/// What a success says.
pub(super) fn parse(body: &[u8], outgoing: &Outgoing, span: Span) -> Result<(Outcome, Option<ServerTime>)> {
    let envelope: Envelope = serde_json::from_slice(body).map_err(|e| invalid("the answer to an action", e))?;
    let time = envelope.meta.server_time(span);
    let outcome = match (job(outgoing), envelope.data) {
        (None, data) => Outcome::Done(data),
        (Some(job), Value::Object(mut data)) => match data.get("state").and_then(Value::as_str) {
            Some("succeeded") => Outcome::Done(data.remove("result").unwrap_or_default()),
            Some("failed") => Outcome::Rejected(failure_of(data.remove("error"))),
            Some("running") => Outcome::Running { job: job.to_owned() },
            _ => return Err(invalid("a job", "its state is missing")),
        },
        (Some(_), _) => return Err(invalid("a job", "its data is no object")),
    };
    Ok((outcome, time))
}

/// The job of a call that runs on (202).
pub(super) fn parse_started(body: &[u8], span: Span) -> Result<(Outcome, Option<ServerTime>)> {
    let mut envelope: Envelope = serde_json::from_slice(body).map_err(|e| invalid("the answer to an action", e))?;
    let time = envelope.meta.server_time(span);
    match envelope.data.get_mut("jobId").map(Value::take) {
        Some(Value::String(job)) => Ok((Outcome::Running { job }, time)),
        _ => Err(invalid("the answer to an action", "it is accepted without a job")),
    }
}

/// What a failure of the call says about the action. `None` if it says nothing about it: then it goes again. A request that is too large
/// was not read, so that says nothing about an earlier one.
pub(super) fn refused(error: &Error, failure: Option<&ServerFailure>, op: &Operation) -> Option<Outcome> {
    let Error::Refused { server_code, message } = error else { return None };
    if server_code == TOO_LARGE && op.was_sent() || failure.is_some_and(|failure| failure.retryable) {
        return None;
    }
    let details = failure.map(|failure| failure.details.clone()).unwrap_or_default();
    Some(Outcome::Rejected(OpError { code: server_code.to_string(), message: message.clone(), details }))
}

fn failure_of(error: Option<Value>) -> OpError {
    let mut error = match error {
        Some(Value::Object(error)) => error,
        Some(Value::String(message)) => Map::from_iter([("message".to_owned(), Value::String(message))]),
        _ => Map::new(),
    };
    let mut text = |name: &str, absent: &str| match error.remove(name) {
        Some(Value::String(text)) => text,
        _ => absent.to_owned(),
    };
    let (code, message) = (text("code", "ACTION_FAILED"), text("message", "the action failed"));
    let details = match error.remove("details") {
        Some(Value::Object(details)) => details,
        _ => Map::new(),
    };
    OpError { code, message, details }
}

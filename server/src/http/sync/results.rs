//! The results of a push on the wire.

use crate::error::{Code, Failure};
use crate::model::{Base, Operation, Unreadable, write_string};
use crate::store::ledger::Made;
use crate::sync::batch::{Done, OpResult};
use crate::sync::wire;
use holm_protocol::columns;
use serde_json::Value;

/// Names by which a client finds its operation again in the results.
#[derive(Debug, Default)]
pub(super) struct OperationRef {
    pub(super) op_id: Option<String>,
    id: Option<String>,
    client_id: Option<String>,
}

impl OperationRef {
    /// The names of an operation, whether or not it can be read.
    pub(super) fn of(operation: &Value) -> Self {
        let text = |key| operation.get(key).and_then(Value::as_str).map(str::to_owned);
        Self { op_id: text("opId"), id: text("id"), client_id: text("clientId") }
    }
}

/// The compact form: the results of operations that were taken as they were sent are two columns, the others stand beside them by their
/// place in the request. `None` if there are too few of the first kind.
pub(super) fn compact(
    operations: &[Result<Operation, Unreadable>],
    results: &[OpResult],
    refs: &[OperationRef],
) -> Option<Vec<u8>> {
    let taken: Vec<Option<Made>> = operations
        .iter()
        .zip(results)
        .zip(refs)
        .map(|((operation, result), op_ref)| taken(operation, result, op_ref))
        .collect();
    let made = || taken.iter().flatten();
    if made().count() < columns::LEAST_ROWS {
        return None;
    }
    let mut out = b"{\"seq\":[".to_vec();
    wire::write_column(&mut out, made().map(|made| made.seq));
    out.extend_from_slice(b"],\"updatedAt\":[");
    wire::write_column(&mut out, made().map(|made| made.updated_us));
    out.extend_from_slice(b"],\"others\":{");
    let others = taken.iter().zip(results.iter().zip(refs)).enumerate().filter(|(_, (taken, _))| taken.is_none());
    for (position, (index, (_, (result, op_ref)))) in others.enumerate() {
        if position > 0 {
            out.push(b',');
        }
        out.extend_from_slice(format!("\"{index}\":").as_bytes());
        write_result(&mut out, result, op_ref);
    }
    out.extend_from_slice(b"}}");
    Some(out)
}

/// The place of an operation that was taken as it was sent, under the id that it was sent with: all else the device can compute.
fn taken(operation: &Result<Operation, Unreadable>, result: &OpResult, op_ref: &OperationRef) -> Option<Made> {
    let OpResult::Done(Done { duplicate: false, record_id, made: Some(made), record: None, omitted: false }) = result
    else {
        return None;
    };
    let base = match operation.as_ref().ok()?.base {
        Base::At(version) => version,
        Base::Unstated => 0,
        Base::Previous => return None,
    };
    let sent = op_ref.id.as_ref().or(op_ref.client_id.as_ref());
    (sent == Some(record_id) && made.version == base.saturating_add(1)).then_some(*made)
}

/// The plain form: a list.
pub(super) fn list(results: &[OpResult], refs: &[OperationRef]) -> Vec<u8> {
    let mut out = vec![b'['];
    for (position, (result, op_ref)) in results.iter().zip(refs).enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write_result(&mut out, result, op_ref);
    }
    out.push(b']');
    out
}

fn write_result(out: &mut Vec<u8>, result: &OpResult, op_ref: &OperationRef) {
    out.push(b'{');
    member(out, "opId", op_ref.op_id.as_deref());
    match result {
        OpResult::Done(done) => write_done(out, done, op_ref),
        OpResult::Failed(failure) => write_failed(out, failure, op_ref),
    }
    out.push(b'}');
}

fn write_done(out: &mut Vec<u8>, done: &Done, op_ref: &OperationRef) {
    member(out, "id", Some(&done.record_id));
    if let Some(client_id) = &op_ref.client_id {
        member(out, "clientId", Some(client_id));
        member(out, "serverId", Some(&done.record_id));
    }
    let status = if done.duplicate { "duplicate" } else { "applied" };
    out.extend_from_slice(b"\"success\":true,\"status\":\"");
    out.extend_from_slice(status.as_bytes());
    out.push(b'"');
    if let Some(made) = &done.made {
        out.extend_from_slice(format!(",\"version\":{},\"seq\":{},\"updatedAt\":", made.version, made.seq).as_bytes());
        wire::write_stamp(out, made.updated_us);
    }
    if let Some(record) = &done.record {
        out.extend_from_slice(b",\"record\":");
        out.extend_from_slice(record);
    }
    if done.omitted {
        out.extend_from_slice(b",\"recordOmitted\":true");
    }
}

fn write_failed(out: &mut Vec<u8>, failure: &Failure, op_ref: &OperationRef) {
    member(out, "id", op_ref.id.as_deref().or(op_ref.client_id.as_deref()));
    member(out, "clientId", op_ref.client_id.as_deref());
    let status = match failure.code() {
        Code::VersionConflict | Code::RecordExists | Code::RecordDeleted | Code::RecordNotFound => "conflict",
        Code::GroupAborted | Code::BatchAborted | Code::DependencyFailed => "aborted",
        code if code.retryable() => "deferred",
        _ => "rejected",
    };
    out.extend_from_slice(b"\"success\":false,\"status\":\"");
    out.extend_from_slice(status.as_bytes());
    out.extend_from_slice(b"\",\"error\":");
    failure.write(out, None);
}

/// Appends `"key":"value",` if there is a value.
fn member(out: &mut Vec<u8>, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        write_string(out, key);
        out.push(b':');
        write_string(out, value);
        out.push(b',');
    }
}

//! Pushing.

use super::config::write_unknown;
use crate::error::{Code, Failure};
use crate::http::Shared;
use crate::http::body::{Payload, too_large};
use crate::http::caller::{Caller, require_own};
use crate::http::context::Prefer;
use crate::http::records::write::idempotency_key;
use crate::http::reply::Reply;
use crate::http::schema;
use crate::model::{
    CollectionName, Cursor, Decoder, Defaults, Details, DeviceId, OpId, Operation, Timestamp, Unreadable, details,
    write_string,
};
use crate::sync::batch::{BatchProgress, Done, OpResult, Push};
use crate::sync::delta::{self, Position, Updates};
use crate::sync::plan::Unit;
use crate::sync::scope::Scope;
use crate::sync::{batch, cursors, plan, wire};
use serde_json::Value;
use std::sync::Arc;

/// Names by which a client finds its operation again in the results.
#[derive(Debug, Default)]
struct OperationRef {
    op_id: Option<String>,
    id: Option<String>,
    client_id: Option<String>,
}

/// A batch as the body says it.
struct Request {
    push: Push,
    refs: Vec<OperationRef>,
    /// The limits that the device knows.
    config_version: Option<String>,
}

/// Values that decoding a body needs.
struct DecodeContext {
    scope: Scope,
    key: Option<OpId>,
    restate: bool,
    now: i64,
    entropy: Arc<dyn crate::entropy::Entropy>,
}

/// Operations of one device, and what others wrote in the meantime.
#[utoipa::path(
    post, path = "/v1/sync/batch", tag = "sync",
    request_body = schema::BatchRequest,
    responses((status = 200, body = schema::BatchReply, description = "Also when operations failed."),
              (status = 409, body = schema::ErrorBody, description = "A batch that is all or nothing came to nothing."),
              (status = 410, body = schema::ErrorBody, description = "A cursor has expired; nothing was applied."),
              (status = 503, body = schema::ErrorBody, description = "Only a prefix was applied."),
              (status = "default", body = schema::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn batch(caller: Caller, payload: Payload) -> Result<Reply, Failure> {
    let server = &caller.server;
    let context = DecodeContext {
        scope: caller.scope()?,
        key: idempotency_key(&caller.headers)?,
        restate: caller.context.prefer == Prefer::Representation,
        now: server.now(),
        entropy: Arc::clone(&server.entropy),
    };
    let request = payload.json(server, server.config.limits.max_batch_bytes, move |body| decode(body, context)).await?;
    let Request { push, refs, config_version } = request;
    let push = Arc::new(push);
    let (results, progress) = apply(server, &push, &refs).await?;
    if push.atomic && results.iter().any(|result| matches!(result, OpResult::Failed(_))) {
        let culprit =
            results.iter().position(|result| matches!(result, OpResult::Failed(f) if f.code() != Code::BatchAborted));
        return Err(Failure::new(Code::BatchAborted, "an operation of the batch failed")
            .with("causedBy", &culprit.unwrap_or_default())
            .with_json("results", &list(&results, &refs)));
    }
    let asked = Arc::clone(&push);
    let updates = server
        .database
        .read::<_, Failure, _>(move |db| delta::read(db, &asked.scope, &asked.position, &progress.written))
        .await
        .unwrap_or_else(|_| nothing_yet(&push.position));

    let mut members = b"{\"results\":".to_vec();
    members.extend_from_slice(&list(&results, &refs));
    members.extend_from_slice(b",\"deltaUpdates\":");
    members.extend_from_slice(&updates.json);
    members.extend_from_slice(b",\"serverTimestamp\":");
    wire::write_time(&mut members, updates.server_ts);
    let interval = server.config.sync.suggested_sync_interval;
    members.extend_from_slice(format!(",\"suggestedSyncInterval\":{interval}").as_bytes());
    write_unknown(&mut members, config_version.as_deref(), &server.config.limits);
    Ok(caller.members(members))
}

/// Works off the operations, some hundreds a transaction. What is durable when the database becomes unavailable is in the failure.
///
/// A transaction that fails for a reason of the server's own (a panic, a row that cannot be read) is divided until the unit at fault is
/// alone. Only that one is answered `SERVER_ERROR`: the same batch would fail in the same way again.
async fn apply(
    server: &Shared,
    push: &Arc<Push>,
    refs: &[OperationRef],
) -> Result<(Vec<OpResult>, BatchProgress), Failure> {
    let group = |operation| match operation {
        &Ok(Operation { ref group, .. }) | &Err(Unreadable { ref group, .. }) => group.as_deref(),
    };
    let groups: Vec<Option<&str>> = push.operations.iter().map(group).collect();
    let mut waiting = plan::transactions(plan::units(&groups, push.atomic), server.config.sync.transaction_ops);
    if waiting.is_empty() {
        // A batch without operations still confirms results and asks for news.
        waiting.push(Vec::new());
    }
    waiting.reverse();
    let mut results = Vec::with_capacity(push.operations.len());
    let (mut progress, mut begun) = (BatchProgress::default(), false);
    while let Some(units) = waiting.pop() {
        let mut outcome = transaction(server, push, begun, progress.clone(), units.clone(), None).await;
        match &outcome {
            Err(failure) if failure.code() == Code::ServerError && units.len() > 1 => {
                let half = units.len() / 2;
                waiting.push(units[half..].to_vec());
                waiting.push(units[..half].to_vec());
                continue;
            }
            Err(failure) if failure.code() == Code::ServerError && units.len() == 1 && !push.atomic => {
                let fault = Some(failure.clone());
                outcome = transaction(server, push, begun, progress.clone(), units, fault).await;
            }
            _ => {}
        }
        match outcome {
            Ok((more, remembered)) => {
                results.extend(more);
                progress = remembered;
                begun = true;
            }
            Err(failure) if failure.code() != Code::ServerError && failure.code().retryable() => {
                return Err(interrupted(&results, refs));
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok((results, progress))
}

/// Works off some units in one transaction, or answers them all with `fault`.
async fn transaction(
    server: &Shared,
    push: &Arc<Push>,
    begun: bool,
    progress: BatchProgress,
    units: Vec<Unit>,
    fault: Option<Failure>,
) -> Result<(Vec<OpResult>, BatchProgress), Failure> {
    let push = Arc::clone(push);
    let written = server.database.write::<_, Failure, _>(move |tx| {
        if !begun {
            batch::begin(tx, &push)?;
        }
        match (fault, units.as_slice()) {
            (Some(fault), [unit]) => batch::fail(tx, &push, progress, unit, &fault),
            _ => batch::run(tx, &push, progress, &units),
        }
    });
    written.await
}

fn interrupted(results: &[OpResult], refs: &[OperationRef]) -> Failure {
    let last = i64::try_from(results.len()).unwrap_or(i64::MAX) - 1;
    Failure::new(Code::SyncInterrupted, "the server failed before the end of the batch; send it again")
        .with("lastSuccessfulOperation", &last)
        .with_json("results", &list(results, refs))
        .retry_after(1)
}

/// The operations are durable; a reader who gets no news now will ask again.
fn nothing_yet(position: &Position) -> Updates {
    let server_ts = match position {
        Position::Since(ts) => *ts,
        Position::Cursors(_) | Position::Unstated => 0,
    };
    Updates { json: b"{\"tombstones\":{},\"cursors\":{},\"integrity\":{},\"hasMore\":true}".to_vec(), server_ts }
}

fn decode(body: Value, context: DecodeContext) -> Result<Request, Failure> {
    let DecodeContext { scope, key, restate, now, entropy } = context;
    let limits = &scope.config.limits;
    let mut body = Decoder::new(body, "body")?;
    require_own(&scope.space, body.text("space")?.as_deref())?;
    let operations = body.list("operations")?.ok_or_else(|| details("operations", "is missing"))?;
    if operations.len() > limits.max_batch_ops {
        return Err(too_large(limits));
    }
    let device = device(&mut body, &scope)?;
    let config_version = body.text("configVersion")?;
    let ack_op_seq = body.count("ackOpSeq")?;
    let position = position(&mut body, &scope)?;
    let (atomic, ordered) = (body.flag("atomic")?, body.flag("ordered")?);
    let mut refs = Vec::with_capacity(operations.len());
    let mut decoded = Vec::with_capacity(operations.len());
    let defaults = Defaults {
        collection: &scope.config.sync.default_collection,
        space: scope.space.as_str(),
        max_depth: limits.max_json_depth,
    };
    for (index, value) in operations.into_iter().enumerate() {
        let mut op_ref = op_ref(&value);
        let mut operation = Operation::decode(value, &defaults);
        if let (Ok(operation), Some(key)) = (&mut operation, &key)
            && operation.op_id.is_none()
        {
            // The key is at most 255 bytes; with the index it may be too long for an id.
            operation.op_id = OpId::parse(&format!("{key}:{index}")).ok();
            op_ref.op_id = operation.op_id.as_ref().map(ToString::to_string);
        }
        refs.push(op_ref);
        decoded.push(operation);
    }
    let scope = Scope { device: Some(device.clone()), ..scope };
    let operations = decoded;
    let push = Push { scope, device, position, ack_op_seq, operations, atomic, ordered, restate, now, entropy };
    Ok(Request { push, refs, config_version })
}

fn op_ref(operation: &Value) -> OperationRef {
    let text = |key| operation.get(key).and_then(Value::as_str).map(str::to_owned);
    OperationRef { op_id: text("opId"), id: text("id"), client_id: text("clientId") }
}

fn device(body: &mut Decoder, scope: &Scope) -> Result<DeviceId, Details> {
    let named = body.text("deviceId")?.map(|text| DeviceId::parse(&text)).transpose();
    match (named.map_err(|fault| details("deviceId", fault.to_string()))?, &scope.device) {
        (Some(named), Some(header)) if named != *header => Err(details("deviceId", "differs from X-Device-Id")),
        (Some(named), _) => Ok(named),
        (None, Some(header)) => Ok(header.clone()),
        (None, None) => Err(details("deviceId", "is missing, as is X-Device-Id")),
    }
}

fn position(body: &mut Decoder, scope: &Scope) -> Result<Position, Failure> {
    let since = body.text("lastSyncTimestamp")?;
    if let Some(members) = body.object("cursors")? {
        let given = members.into_iter().filter(|(_, cursor)| !cursor.is_null());
        let cursors =
            given.map(|(stream, cursor)| cursor_of(&stream, &cursor, scope)).collect::<Result<Vec<_>, _>>()?;
        if cursors.len() > scope.config.limits.max_streams {
            return Err(too_large(&scope.config.limits));
        }
        return Ok(Position::Cursors(cursors));
    }
    let Some(since) = since else { return Ok(Position::Unstated) };
    let ts = Timestamp::parse(&since).ok_or_else(|| details("lastSyncTimestamp", "must be a time as in RFC 3339"))?;
    Ok(Position::Since(ts.0))
}

fn cursor_of(stream: &str, cursor: &Value, scope: &Scope) -> Result<(CollectionName, Cursor), Failure> {
    let (space, collection) =
        stream.rsplit_once('/').ok_or_else(|| details("cursors", "must be named space/collection"))?;
    require_own(&scope.space, Some(space))?;
    let collection = CollectionName::parse(collection).map_err(|fault| details("cursors", fault.to_string()))?;
    let text = cursor.as_str().ok_or_else(|| details("cursors", "must be texts"))?;
    Ok((collection, cursors::read(text)?))
}

/// The list `results`.
fn list(results: &[OpResult], refs: &[OperationRef]) -> Vec<u8> {
    let mut out = vec![b'['];
    for (position, (result, op_ref)) in results.iter().zip(refs).enumerate() {
        if position > 0 {
            out.push(b',');
        }
        out.push(b'{');
        member(&mut out, "opId", op_ref.op_id.as_deref());
        match result {
            OpResult::Done(done) => write_done(&mut out, done, op_ref),
            OpResult::Failed(failure) => write_failed(&mut out, failure, op_ref),
        }
        out.push(b'}');
    }
    out.push(b']');
    out
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
        wire::write_time(out, made.updated_ts);
    }
    if let Some(record) = &done.record {
        out.extend_from_slice(b",\"record\":");
        out.extend_from_slice(record);
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

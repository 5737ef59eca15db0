//! Pushing.

use super::config::write_unknown;
use super::request_columns;
use super::results::{self, OperationRef};
use crate::error::{Code, Failure};
use crate::http::Shared;
use crate::http::body::{Payload, too_large};
use crate::http::caller::{Caller, require_own};
use crate::http::context::Prefer;
use crate::http::records::write::idempotency_key;
use crate::http::reply::Reply;
use crate::http::schema;
use crate::model::{
    Base, CollectionName, Cursor, Decoder, Defaults, Details, DeviceId, OpId, Operation, Timestamp, Unreadable, details,
};
use crate::store::Lane;
use crate::sync::batch::{BatchProgress, Decisions, OpResult, Push};
use crate::sync::delta::{self, Position, Updates};
use crate::sync::plan::Unit;
use crate::sync::scope::Scope;
use crate::sync::{batch, cursors, plan, wire};
use rusqlite::Connection;
use serde_json::Value;
use std::sync::Arc;

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
    let (results, progress) = apply(server, &push, &refs, &caller.context.request_id).await?;
    if push.atomic && results.iter().any(|result| matches!(result, OpResult::Failed(_))) {
        let culprit =
            results.iter().position(|result| matches!(result, OpResult::Failed(f) if f.code() != Code::BatchAborted));
        return Err(Failure::new(Code::BatchAborted, "an operation of the batch failed")
            .with("causedBy", &culprit.unwrap_or_default())
            .with_json("results", &results::list(&results, &refs)));
    }
    let asked = Arc::clone(&push);
    let updates = caller
        .read::<_, Failure, _>(move |db| delta::read(db, &asked.scope, &asked.position, &progress.written))
        .await
        .unwrap_or_else(|_| nothing_yet(&push.position));

    let mut members = b"{\"results\":".to_vec();
    let compact = if push.compact { results::compact(&push.operations, &results, &refs) } else { None };
    members.extend_from_slice(&compact.unwrap_or_else(|| results::list(&results, &refs)));
    members.extend_from_slice(b",\"deltaUpdates\":");
    members.extend_from_slice(&updates.json);
    members.extend_from_slice(b",\"serverTimestamp\":");
    wire::write_stamp(&mut members, updates.server_us);
    let interval = server.config.sync.suggested_sync_interval;
    members.extend_from_slice(format!(",\"suggestedSyncInterval\":{interval}").as_bytes());
    write_unknown(&mut members, config_version.as_deref(), &server.config.limits);
    Ok(caller.members(members))
}

/// Works off the operations, some hundreds a transaction. What is durable when the database becomes unavailable is in the failure.
///
/// A transaction that fails for a reason of the server's own (a panic, a row that cannot be read) or takes too long is divided until the unit
/// at fault is alone. Only that one is answered `SERVER_ERROR` or `TIMEOUT`: the same batch would fail in the same way again.
async fn apply(
    server: &Shared,
    push: &Arc<Push>,
    refs: &[OperationRef],
    request_id: &str,
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
        let (mut rest, count) = (units.clone(), units.len());
        let mut outcome = transaction(server, push, begun, progress.clone(), units.clone(), None).await;
        match &outcome {
            Err(failure) if is_own_fault(failure) && units.len() > 1 => {
                let half = units.len() / 2;
                waiting.push(units[half..].to_vec());
                waiting.push(units[..half].to_vec());
                continue;
            }
            Err(failure) if is_own_fault(failure) && units.len() == 1 && !push.atomic => {
                tracing::error!(
                    request_id,
                    code = failure.code().as_str(),
                    reason = failure.reason(),
                    "an operation failed"
                );
                let fault = Some(failure.clone());
                outcome = transaction(server, push, begun, progress.clone(), units, fault).await;
            }
            _ => {}
        }
        match outcome {
            Ok((more, remembered, done)) => {
                if done < count {
                    waiting.push(rest.split_off(done));
                }
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

/// Whether a transaction failed for what is in it.
fn is_own_fault(failure: &Failure) -> bool {
    matches!(failure.code(), Code::ServerError | Code::Timeout)
}

/// Works off some units in one transaction, or answers them all with `fault`.
async fn transaction(
    server: &Shared,
    push: &Arc<Push>,
    begun: bool,
    progress: BatchProgress,
    units: Vec<Unit>,
    fault: Option<Failure>,
) -> Result<(Vec<OpResult>, BatchProgress, usize), Failure> {
    let (lane, mut units, mut ahead) = (Lane::User(push.scope.user), units, Decisions::new());
    if fault.is_none() && batch::is_worth_it(push, &units) {
        let (push, of_units) = (Arc::clone(push), units.clone());
        let decide = move |db: &Connection| batch::decide_ahead(db, &push, &of_units);
        let (decisions, count) = server.database.read::<_, Failure, _>(lane, decide).await?;
        units.truncate(count);
        ahead = decisions;
    }
    let push = Arc::clone(push);
    let written = server.database.write::<_, Failure, _>(lane, move |tx| {
        if !begun {
            batch::begin(tx, &push)?;
        }
        match (fault, units.as_slice()) {
            (Some(fault), [unit]) => batch::fail(tx, &push, progress, unit, &fault),
            _ => batch::run(tx, &push, progress, &units, &ahead),
        }
    });
    written.await
}

fn interrupted(results: &[OpResult], refs: &[OperationRef]) -> Failure {
    let last = i64::try_from(results.len()).unwrap_or(i64::MAX) - 1;
    Failure::new(Code::SyncInterrupted, "the server failed before the end of the batch; send it again")
        .with("lastSuccessfulOperation", &last)
        .with_json("results", &results::list(results, refs))
        .retry_after(1)
}

/// The operations are durable; a reader who gets no news now will ask again.
fn nothing_yet(position: &Position) -> Updates {
    let server_us = match position {
        Position::Since(us) => *us,
        Position::Cursors(_) | Position::Unstated => 0,
    };
    Updates { json: b"{\"tombstones\":{},\"cursors\":{},\"integrity\":{},\"hasMore\":true}".to_vec(), server_us }
}

fn decode(body: Value, context: DecodeContext) -> Result<Request, Failure> {
    let DecodeContext { scope, key, restate, now, entropy } = context;
    let limits = &scope.config.limits;
    let mut body = Decoder::new(body, "body")?;
    require_own(&scope.space, body.text("space")?.as_deref())?;
    let mut operations = body.list("operations")?.ok_or_else(|| details("operations", "is missing"))?;
    if operations.len() > limits.max_batch_ops {
        return Err(too_large(limits));
    }
    let device = device(&mut body, &scope)?;
    if let Some(columns) = body.object("columns")? {
        request_columns::expand(columns, &mut operations, &device)?;
    }
    let config_version = body.text("configVersion")?;
    let ack_op_seq = body.count("ackOpSeq")?;
    let position = position(&mut body, &scope)?;
    let (atomic, ordered, compact) = (body.flag("atomic")?, body.flag("ordered")?, body.flag("compact")?);
    let mut refs = Vec::with_capacity(operations.len());
    let mut decoded = Vec::with_capacity(operations.len());
    let defaults = Defaults {
        collection: &scope.config.sync.default_collection,
        space: scope.space.as_str(),
        max_depth: limits.max_json_depth,
    };
    for (index, value) in operations.into_iter().enumerate() {
        let mut op_ref = OperationRef::of(&value);
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
    let is_based_on_previous =
        |operation: &Result<Operation, _>| matches!(operation, Ok(Operation { base: Base::Previous, .. }));
    let push = Push {
        scope,
        device,
        position,
        ack_op_seq,
        uses_previous: decoded.iter().any(is_based_on_previous),
        operations: decoded,
        atomic,
        ordered,
        restate,
        compact,
        now,
        entropy,
    };
    Ok(Request { push, refs, config_version })
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
    Ok(Position::Since(ts.micros()))
}

fn cursor_of(stream: &str, cursor: &Value, scope: &Scope) -> Result<(CollectionName, Cursor), Failure> {
    let (space, collection) =
        stream.rsplit_once('/').ok_or_else(|| details("cursors", "must be named space/collection"))?;
    require_own(&scope.space, Some(space))?;
    let collection = CollectionName::parse(collection).map_err(|fault| details("cursors", fault.to_string()))?;
    let text = cursor.as_str().ok_or_else(|| details("cursors", "must be texts"))?;
    Ok((collection, cursors::read(text)?))
}

//! Sending operations (protocol, section 7).

use super::config::WireConfig;
use super::pull::{Integrity, Meta, changes};
use super::record::{WireTombstone, change, time};
use super::{PushReply, PushRequest, invalid};
use crate::backend::{Outcome, Outgoing, StreamPage};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::model::{Changes, FieldChange, OpError, OpKind, RawFields, RemoteChange};
use crate::net::ServerFailure;
use crate::time::Span;
use holm_protocol::codes::Code;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRequest<'a> {
    device_id: &'a str,
    cursors: BTreeMap<String, &'a str>,
    ack_op_seq: i64,
    operations: Vec<WireOperation<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config_version: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireOperation<'a> {
    op_id: String,
    op_seq: i64,
    #[serde(rename = "type")]
    kind: &'static str,
    collection: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field_ops: Option<Vec<Value>>,
    hlc: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
}

pub(super) fn request(request: &PushRequest, device: &Device, config_version: Option<&str>) -> Result<Vec<u8>> {
    let device_id = &*device.id();
    let cursors = request.positions.iter().filter_map(|position| {
        let space = position.space.as_deref()?;
        Some((format!("{space}/{}", position.collection), position.cursor.as_deref()?))
    });
    let operations = request.operations.iter().map(|outgoing| operation(outgoing, device)).collect::<Result<_>>()?;
    let (cursors, ack_op_seq) = (cursors.collect(), request.acknowledged);
    let wire = WireRequest { device_id, cursors, ack_op_seq, operations, config_version };
    serde_json::to_vec(&wire).map_err(|e| Error::internal(e.to_string()))
}

fn operation<'a>(outgoing: &'a Outgoing, device: &Device) -> Result<WireOperation<'a>> {
    let op = &outgoing.op;
    let mut wire = WireOperation {
        op_id: op.op_id.to_string(),
        op_seq: op.op_seq,
        kind: op.kind.as_str(),
        collection: &outgoing.collection,
        client_id: None,
        id: None,
        version: op.base_version,
        data: None,
        field_ops: None,
        hlc: device.server_stamp(&op.hlc).to_string(),
        group: op.group.as_deref(),
    };
    match op.kind {
        OpKind::Create => {
            wire.client_id = Some(&op.doc_id);
            wire.data = Some(match (&op.changes, &outgoing.body) {
                (Some(changes), _) => raw(&created(changes))?,
                (None, Some(body)) => {
                    RawValue::from_string(body.clone()).map_err(|e| Error::internal(e.to_string()))?
                }
                (None, None) => return Err(Error::internal(format!("create {} has no content", op.op_id))),
            });
        }
        OpKind::Update => {
            wire.id = Some(&op.doc_id);
            let empty = Changes::default();
            let changes = op.changes.as_ref().unwrap_or(&empty);
            match merge_patch(changes) {
                Some(patch) => wire.data = Some(raw(&patch)?),
                None => {
                    wire.kind = "patch";
                    wire.field_ops = Some(field_ops(changes));
                }
            }
        }
        OpKind::Delete => wire.id = Some(&op.doc_id),
    }
    Ok(wire)
}

fn raw(fields: &Map<String, Value>) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(fields).map_err(|e| Error::internal(e.to_string()))
}

fn created(changes: &Changes) -> Map<String, Value> {
    let mut fields = Map::new();
    changes.apply(&mut fields);
    fields
}

/// The changes as a merge patch, if that says the same: it cannot set `null`, replace an object or count.
fn merge_patch(changes: &Changes) -> Option<Map<String, Value>> {
    changes
        .0
        .iter()
        .map(|(name, change)| match change {
            FieldChange::Set(value) if !matches!(value, Value::Null | Value::Object(_)) => {
                Some((name.clone(), value.clone()))
            }
            FieldChange::Remove => Some((name.clone(), Value::Null)),
            _ => None,
        })
        .collect()
}

fn field_ops(changes: &Changes) -> Vec<Value> {
    let mut ops = Vec::with_capacity(changes.0.len());
    for (name, change) in &changes.0 {
        let path = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        match change {
            FieldChange::Set(value) => ops.push(serde_json::json!({"op": "set", "path": path, "value": value})),
            FieldChange::Remove => ops.push(serde_json::json!({"op": "remove", "path": path})),
            FieldChange::Inc(by) => ops.push(serde_json::json!({"op": "inc", "path": path, "by": by})),
            FieldChange::EditSet { add, remove } => {
                if !remove.is_empty() {
                    ops.push(serde_json::json!({"op": "removeFromSet", "path": path, "values": remove}));
                }
                if !add.is_empty() {
                    ops.push(serde_json::json!({"op": "addToSet", "path": path, "values": add}));
                }
            }
        }
    }
    ops
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    #[serde(borrow)]
    results: Vec<WireResult<'a>>,
    #[serde(default, borrow)]
    delta_updates: Option<RawFields<'a>>,
    /// Seconds. Advice that cannot be read is no reason to lose the results.
    #[serde(default)]
    suggested_sync_interval: Option<Value>,
    config: WireConfig,
    meta: Meta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireResult<'a> {
    op_id: String,
    #[serde(default)]
    status: String,
    version: Option<i64>,
    seq: Option<i64>,
    updated_at: Option<String>,
    #[serde(borrow)]
    record: Option<RawFields<'a>>,
    error: Option<ServerFailure>,
}

pub(super) fn parse(body: &[u8], request: &PushRequest, span: Span) -> Result<(PushReply, WireConfig)> {
    let reply: Reply<'_> = serde_json::from_slice(body).map_err(|e| invalid("the answer to a push", e))?;
    if reply.results.len() != request.operations.len() {
        let counts = format!("{} results for {} operations", reply.results.len(), request.operations.len());
        return Err(invalid("the answer to a push", counts));
    }
    let mut outcomes = Vec::with_capacity(reply.results.len());
    for (result, sent) in reply.results.into_iter().zip(&request.operations) {
        if result.op_id != sent.op.op_id.to_string() {
            return Err(invalid("the answer to a push", "a result answers another operation"));
        }
        outcomes.push(outcome(result, &sent.op.doc_id)?);
    }
    let pages = match &reply.delta_updates {
        Some(delta) => delta_pages(delta, request)?,
        None => Vec::new(),
    };
    let suggested_interval = reply.suggested_sync_interval.as_ref().and_then(Value::as_u64).map(Duration::from_secs);
    Ok((PushReply { outcomes, pages, server_time: reply.meta.server_time(span), suggested_interval }, reply.config))
}

fn outcome(result: WireResult<'_>, doc_id: &str) -> Result<Outcome> {
    let failure = result.error.unwrap_or_default();
    let op_error =
        |failure: ServerFailure| OpError { code: failure.code, message: failure.message, details: failure.details };
    Ok(match (result.status.as_str(), Code::parse(&failure.code)) {
        ("applied" | "duplicate", _) => Outcome::Applied {
            version: result.version,
            seq: result.seq,
            updated_ms: result.updated_at.as_deref().and_then(time),
            record: result.record.as_ref().map(change).transpose().map_err(|why| invalid("a result", why))?,
        },
        (_, Some(Code::VersionConflict | Code::RecordExists | Code::RecordDeleted | Code::RecordNotFound)) => {
            Outcome::Conflict(stated(&failure, doc_id)?)
        }
        (_, Some(Code::OpSequenceReused)) => Outcome::Cloned,
        (_, Some(Code::DependencyFailed | Code::GroupAborted | Code::BatchAborted)) => {
            Outcome::Blocked(op_error(failure))
        }
        ("deferred", _) => Outcome::Deferred(op_error(failure)),
        _ if failure.retryable => Outcome::Deferred(op_error(failure)),
        (_, None) if failure.code.is_empty() => {
            return Err(invalid("a result", format!("status {:?} without an error", result.status)));
        }
        _ => Outcome::Rejected(op_error(failure)),
    })
}

/// The server's state in a refusal.
pub(super) fn stated(failure: &ServerFailure, doc_id: &str) -> Result<RemoteChange> {
    if let Some(record) = &failure.server_data {
        let record: RawFields<'_> = serde_json::from_str(record.get()).map_err(|e| invalid("a conflict", e))?;
        return change(&record).map_err(|why| invalid("a conflict", why));
    }
    if let Some(tombstone) = &failure.tombstone {
        let tombstone: WireTombstone = serde_json::from_str(tombstone.get()).map_err(|e| invalid("a conflict", e))?;
        return Ok(tombstone.into_change());
    }
    if Code::parse(&failure.code) == Some(Code::RecordNotFound) {
        // Not even a tombstone is left.
        return Ok(RemoteChange {
            id: doc_id.to_owned(),
            body: None,
            version: None,
            seq: None,
            updated_ms: None,
            origin_op: None,
            stamps: None,
        });
    }
    Err(invalid("a conflict", "it comes without the server's state"))
}

/// `deltaUpdates`: members by collection beside a few that belong to the protocol.
fn delta_pages(delta: &RawFields<'_>, request: &PushRequest) -> Result<Vec<StreamPage>> {
    fn member<'a, T: Deserialize<'a> + Default>(delta: &RawFields<'a>, name: &str) -> Result<T> {
        let Some(raw) = delta.get(name) else { return Ok(T::default()) };
        serde_json::from_str(raw.get()).map_err(|e| invalid("deltaUpdates", e))
    }
    let cursors: BTreeMap<String, String> = member(delta, "cursors")?;
    let mut tombstones: BTreeMap<String, Vec<WireTombstone>> = member(delta, "tombstones")?;
    let integrity: BTreeMap<String, Integrity> = member(delta, "integrity")?;
    let has_more: bool = member(delta, "hasMore")?;
    let mut pages = Vec::new();
    for position in &request.positions {
        let Some(space) = &position.space else { continue };
        let key = format!("{space}/{}", position.collection);
        let Some(next_cursor) = cursors.get(&key) else { continue };
        let records: Vec<RawFields<'_>> = member(delta, &position.collection)?;
        let gone = tombstones.remove(&position.collection).unwrap_or_default();
        pages.push(StreamPage {
            collection: position.collection.clone(),
            space: Some(space.clone()),
            changes: changes(records.into_iter(), gone.into_iter())?,
            next_cursor: next_cursor.clone(),
            has_more,
            integrity: integrity.get(&key).and_then(Integrity::value),
            total: None,
        });
    }
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn changes_of(list: &[(&str, FieldChange)]) -> Changes {
        Changes(list.iter().map(|(name, change)| ((*name).to_owned(), change.clone())).collect())
    }

    #[test]
    fn what_a_merge_patch_cannot_say_travels_as_field_operations() {
        let set = |value: Value| FieldChange::Set(value);
        let plain = changes_of(&[("a", set(json!([1]))), ("b", FieldChange::Remove)]);
        assert_eq!(Value::Object(merge_patch(&plain).unwrap()), json!({"a": [1], "b": null}));
        for odd in [set(Value::Null), set(json!({"x": 1})), FieldChange::Inc(1.into())] {
            assert!(merge_patch(&changes_of(&[("a", odd)])).is_none());
        }
        let edit = FieldChange::EditSet { add: vec![json!("x")], remove: vec![json!("y")] };
        assert_eq!(
            field_ops(&changes_of(&[("a/b~c", edit), ("n", FieldChange::Inc(2.into()))])),
            vec![
                json!({"op": "removeFromSet", "path": "/a~1b~0c", "values": ["y"]}),
                json!({"op": "addToSet", "path": "/a~1b~0c", "values": ["x"]}),
                json!({"op": "inc", "path": "/n", "by": 2}),
            ]
        );
    }
}

//! Sending operations (protocol, section 7).

use super::config::WireConfig;
use super::pull::{Integrity, Meta, changes};
use super::record::WireTombstone;
use super::request_columns::{self, RequestColumns};
use super::wire_operation::{WireOperation, internal, operation, question, stamp_text};
use super::{PushReply, PushRequest, invalid, results};
use crate::backend::{LEAST_MEMORY_MS, StreamPage};
use crate::device::Device;
use crate::error::Result;
use crate::model::{RawFields, Stamp};
use crate::net::{Packed, Packing};
use crate::outbox::server_time;
use crate::time::Span;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::Duration;

/// The part of a request that can be written ahead.
#[derive(Serialize)]
struct WireOperations<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<RequestColumns<'a>>,
    operations: Vec<WireOperation<'a>>,
}

/// The part that depends on the answer to the request before.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRest<'a> {
    device_id: &'a str,
    /// Whose data this is: a server whose token says otherwise refuses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    space: Option<&'a str>,
    cursors: BTreeMap<String, &'a str>,
    ack_op_seq: i64,
    /// The reply may be in its compact form.
    compact: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ordered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    config_version: Option<&'a str>,
}

/// A request's text up to its end, which [`finish`] adds.
pub(super) fn begin(request: &PushRequest, device: &Device) -> Result<Packing> {
    let device_id = &*device.id();
    let wired = |outgoing| match request.asks {
        true => Ok(question(outgoing)),
        false => operation(outgoing, device, device_id),
    };
    let mut operations = request.operations.iter().map(wired).collect::<Result<Vec<_>>>()?;
    let stamps: Vec<Stamp> = request.operations.iter().map(|outgoing| server_time(device, outgoing.op.stamp)).collect();
    // Also where it is not known for certain how late it is: to say too early that an operation comes again costs nothing, and not to say it may cost a
    // second effect.
    let now_ms = device.server_now_ms();
    for ((operation, outgoing), stamp) in operations.iter_mut().zip(request.operations.iter()).zip(&stamps) {
        let (op, is_old) = (&outgoing.op, stamp.ms < now_ms - LEAST_MEMORY_MS);
        // The server forgets by its own clock: a stamp that is only guessed says nothing of that.
        operation.resent = is_old && op.was_sent() && device.is_certain(op.stamp.ms);
    }
    let columns = request_columns::take(&mut operations, &stamps);
    if columns.is_none() {
        for (operation, stamp) in operations.iter_mut().zip(&stamps) {
            operation.hlc = Some(stamp_text(*stamp, device_id));
        }
    }
    let mut text = serde_json::to_vec(&WireOperations { columns, operations }).map_err(internal)?;
    // The object goes on.
    text.pop();
    Packing::begin(text)
}

/// Ends a request that was begun with the same operations.
pub(super) fn finish(
    begun: Packing,
    request: &PushRequest,
    device: &Device,
    config_version: Option<&str>,
) -> Result<Packed> {
    let cursors = request.positions.iter().filter_map(|position| {
        let space = position.space.as_deref()?;
        Some((format!("{space}/{}", position.collection), position.cursor.as_deref()?))
    });
    let rest = WireRest {
        device_id: &device.id(),
        space: request.positions.iter().find_map(|position| position.space.as_deref()),
        cursors: cursors.collect(),
        ack_op_seq: request.acknowledged,
        compact: true,
        ordered: request.ordered,
        config_version,
    };
    let mut text = serde_json::to_vec(&rest).map_err(internal)?;
    // Its members follow those that are written.
    text[0] = b',';
    begun.finish(&text)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    #[serde(borrow)]
    results: &'a RawValue,
    #[serde(default, borrow)]
    delta_updates: Option<RawFields<'a>>,
    /// Seconds. Advice that cannot be read is no reason to lose the results.
    #[serde(default)]
    suggested_sync_interval: Option<Value>,
    config: WireConfig,
    meta: Meta,
}

pub(super) fn parse(body: &[u8], request: &PushRequest, span: Span) -> Result<(PushReply, WireConfig)> {
    let reply: Reply<'_> = serde_json::from_slice(body).map_err(|e| invalid("the answer to a push", e))?;
    let outcomes = results::outcomes(reply.results, request)?;
    let pages = match &reply.delta_updates {
        Some(delta) => delta_pages(delta, request)?,
        None => Vec::new(),
    };
    let suggested_interval = reply.suggested_sync_interval.as_ref().and_then(Value::as_u64).map(Duration::from_secs);
    Ok((PushReply { outcomes, pages, server_time: reply.meta.server_time(span), suggested_interval }, reply.config))
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
        let records: Vec<&RawValue> = member(delta, &position.collection)?;
        let gone = tombstones.remove(&position.collection).unwrap_or_default();
        let (changes, unreadable) = changes(records.into_iter(), gone.into_iter());
        pages.push(StreamPage {
            collection: position.collection.clone(),
            space: Some(space.clone()),
            changes,
            unreadable,
            next_cursor: next_cursor.clone(),
            has_more,
            integrity: integrity.get(&key).and_then(Integrity::value),
            total: None,
        });
    }
    Ok(pages)
}

//! An operation as a request carries it (protocol, section 7).

use crate::backend::Outgoing;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::model::{Changes, FieldOp, Fields, OpKind, Stamp};
use crate::outbox::server_time;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireOperation<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op_seq: Option<i64>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_ops: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hlc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<&'a str>,
    /// The version is a condition.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exact: bool,
    /// It was sent before, and what became of it is not known.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub resent: bool,
}

pub(super) fn internal(error: serde_json::Error) -> Error {
    Error::internal(error.to_string())
}

/// An operation with its content.
pub(super) fn operation<'a>(outgoing: &'a Outgoing, device: &Device, device_id: &str) -> Result<WireOperation<'a>> {
    let op = &outgoing.op;
    let mut wire = WireOperation {
        kind: Some(op.kind.as_str()),
        version: op.base_version,
        group: op.group.as_deref(),
        exact: op.is_exact(),
        ..question(outgoing)
    };
    match op.kind {
        OpKind::Create => {
            wire.data = Some(match (op.created(), &outgoing.body) {
                (Some(fields), _) => raw(&fields)?,
                (None, Some(body)) => json(body.clone())?,
                (None, None) => return Err(Error::internal(format!("create {} has no content", op.op_id))),
            });
        }
        OpKind::Update => {
            let none = Changes::default();
            let changes = op.changes.as_ref().unwrap_or(&none);
            match changes.merge_patch_text(op.stamp) {
                Some(patch) => wire.data = Some(json(patch)?),
                None => {
                    wire.kind = Some("patch");
                    let ops = changes.to_field_ops(op.stamp, |stamp| hlc(stamp, device, device_id));
                    wire.field_ops = Some(ops.into_iter().map(FieldOp::encode).collect());
                }
            }
        }
        OpKind::Delete => {}
        OpKind::Action => return Err(Error::internal(format!("action {} is in a batch", op.op_id))),
    }
    Ok(wire)
}

/// The question what became of an operation: its names without its content. The stamp is added where no column says it.
pub(super) fn question(outgoing: &Outgoing) -> WireOperation<'_> {
    let op = &outgoing.op;
    let (client_id, id) = match op.kind {
        OpKind::Create => (Some(op.doc_id.as_str()), None),
        _ => (None, Some(outgoing.remote_id.as_deref().unwrap_or(&op.doc_id))),
    };
    WireOperation {
        op_id: Some(op.op_id.to_string()),
        op_seq: Some(op.op_seq),
        kind: Some("ask"),
        collection: Some(&outgoing.collection),
        client_id,
        id,
        ..WireOperation::default()
    }
}

fn hlc(stamp: Stamp, device: &Device, device_id: &str) -> String {
    stamp_text(server_time(device, stamp), device_id)
}

pub(super) fn stamp_text(stamp: Stamp, device_id: &str) -> String {
    format!("{}:{}:{device_id}", stamp.ms, stamp.counter)
}

fn json(text: String) -> Result<Box<RawValue>> {
    RawValue::from_string(text).map_err(internal)
}

fn raw(fields: &Fields) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(fields).map_err(internal)
}

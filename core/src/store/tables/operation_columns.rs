//! An operation as the columns of its row.

use crate::error::{Error, Result};
use crate::model::{Action, Changes, FieldOp, OpError, OpId, OpKind, OpState, Operation, Seen, Stamp};
use crate::store::doc_id::DocId;
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What [`read`] reads: operations are `o`, their documents `d`.
pub(super) const COLUMNS: &str = "o.op_seq, o.op_id, o.document, d.collection, d.id, o.kind, o.state, o.base_version, o.changes, o.before, \
     o.hlc_ms, o.hlc_counter, o.group_id, o.attempts, o.rounds, o.not_before, o.error, o.absorbed, o.action";

/// What an action needs beside what every operation has.
#[derive(Serialize, Deserialize)]
struct StoredAction {
    name: String,
    params: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    job: Option<String>,
    #[serde(default)]
    polls: u32,
    #[serde(default)]
    collection: i64,
    #[serde(default)]
    doc_id: String,
}

fn parsed<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    let Some(text) = row.get_ref(column)?.as_str_or_null()? else { return Ok(None) };
    serde_json::from_str(text).map(Some).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

/// Reads [`COLUMNS`].
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Operation> {
    let error: Option<OpError> = parsed(row, 16)?;
    let action: Option<StoredAction> = parsed(row, 18)?;
    let (kind, state): (i64, i64) = (row.get(5)?, row.get(6)?);
    let state = OpState::from_number(state, error.as_ref());
    let stamp = Stamp { ms: row.get(10)?, counter: row.get(11)? };
    let changes = row.get_ref(8)?.as_str_or_null()?.map(|text| changes_from_text(text, stamp));
    let (collection, doc_id): (Option<i64>, Option<DocId>) = (row.get(3)?, row.get(4)?);
    Ok(Operation {
        op_seq: row.get(0)?,
        op_id: OpId::from_bytes(row.get(1)?),
        document: row.get(2)?,
        collection: collection.or(action.as_ref().map(|action| action.collection)).unwrap_or_default(),
        doc_id: doc_id.map(|id| id.0).or(action.as_ref().map(|action| action.doc_id.clone())).unwrap_or_default(),
        kind: OpKind::from_number(kind).ok_or(rusqlite::Error::IntegralValueOutOfRange(5, kind))?,
        last_error: error.filter(|_| !matches!(state, Some(OpState::Parked { .. }))),
        state: state.ok_or(rusqlite::Error::IntegralValueOutOfRange(6, 0))?,
        base_version: row.get(7)?,
        changes: changes.transpose().map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(8, rusqlite::types::Type::Text, Box::new(error))
        })?,
        before: parsed(row, 9)?.unwrap_or_default(),
        stamp,
        group: row.get(12)?,
        attempts: row.get(13)?,
        rounds: row.get(14)?,
        not_before_ms: row.get(15)?,
        absorbed: ids(row.get_ref(17)?.as_blob_or_null()?.unwrap_or_default()),
        action: action.map(|StoredAction { name, params, job, polls, .. }| Action { name, params, job, polls }),
    })
}

/// Ids that stand one after the other.
fn ids(bytes: &[u8]) -> Vec<OpId> {
    bytes.chunks_exact(16).filter_map(|id| Some(OpId::from_bytes(id.try_into().ok()?))).collect()
}

/// Changes as they are stored: field operations of the wire. A stamp other than the operation's is stored as its distance to that, so
/// that all move with it.
pub(crate) fn changes_text(changes: &Changes, stamp: Stamp) -> String {
    changes.field_ops_text(stamp, |own| distance(own, stamp))
}

/// How many bytes that text has.
pub(crate) fn changes_bytes(changes: &Changes, stamp: Stamp) -> usize {
    changes.field_ops_bytes(stamp, |own| distance(own, stamp))
}

fn distance(own: Stamp, stamp: Stamp) -> String {
    format!("{}:{}", own.ms - stamp.ms, own.counter)
}

/// Reads what [`changes_text`] writes.
pub(crate) fn changes_from_text(text: &str, stamp: Stamp) -> Result<Changes> {
    let damaged = |error: String| Error::damaged(format!("stored changes: {error}"));
    let ops: Vec<Value> = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
    let ops = ops.into_iter().map(FieldOp::decode).collect::<Result<Vec<_>, _>>();
    let distance = |text: &str| {
        let (ms, counter) = text.split_once(':')?;
        Some(Stamp { ms: stamp.ms + ms.parse::<i64>().ok()?, counter: counter.parse().ok()? })
    };
    ops.and_then(|ops| Changes::from_field_ops(ops, stamp, distance)).map_err(|error| damaged(error.to_string()))
}

/// A value as JSON.
pub(super) fn text<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::internal(format!("an operation: {e}")))
}

pub(super) fn changes_column(op: &Operation) -> Option<String> {
    op.changes.as_ref().map(|changes| changes_text(changes, op.stamp))
}

pub(super) fn before_column(op: &Operation) -> Result<Option<String>> {
    (!op.before.is_empty()).then(|| text::<Seen>(&op.before)).transpose()
}

pub(super) fn error_column(op: &Operation) -> Result<Option<String>> {
    op.error().map(text::<OpError>).transpose()
}

pub(super) fn absorbed_column(op: &Operation) -> Option<Vec<u8>> {
    (!op.absorbed.is_empty()).then(|| op.absorbed.iter().flat_map(|id| *id.as_bytes()).collect())
}

pub(super) fn action_column(op: &Operation) -> Result<Option<String>> {
    let action = op.action.as_ref().map(|action| StoredAction {
        name: action.name.clone(),
        params: action.params.clone(),
        job: action.job.clone(),
        polls: action.polls,
        collection: op.collection,
        doc_id: op.doc_id.clone(),
    });
    action.as_ref().map(text::<StoredAction>).transpose()
}

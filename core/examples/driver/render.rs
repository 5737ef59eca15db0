//! Results as JSON.

use crate::args::Failure;
use holm_core::{
    Aggregate, AggregateRow, CollectionDump, Conflict, Deferred, Document, Explanation, Fetched, JournalEntry,
    PendingOperation, SetAside, SliceReport, Snapshot, Stats, SyncReport, SyncState, WriteOutcome,
};
use serde_json::{Map, Value, json};

/// A line whose first members are these, whatever the order of the rest.
fn line(first: &[(&str, Value)], rest: Value) -> String {
    let mut text: String = first.iter().map(|(name, value)| format!(",{}:{value}", Value::from(*name))).collect();
    text.replace_range(..1, "{");
    match rest {
        Value::Object(rest) if !rest.is_empty() => text + "," + &Value::Object(rest).to_string()[1..],
        _ => text + "}",
    }
}

pub fn success(id: &Value, reply: Value) -> String {
    line(&[("id", id.clone()), ("ok", true.into())], reply)
}

pub fn failure(id: &Value, failure: &Failure) -> String {
    line(&[("id", id.clone()), ("ok", false.into())], json!({"error": error(failure)}))
}

fn error(failure: &Failure) -> Value {
    match failure {
        Failure::BadRequest(message) => json!({"code": "BAD_REQUEST", "message": message, "retryable": false}),
        Failure::Holm(error) => {
            let (code, message) = (error.code().as_str(), error.to_string());
            let mut shown = json!({"code": code, "message": message, "retryable": error.retryable()});
            if let holm_core::Error::Unconfirmed { op, .. } = error {
                shown["op_id"] = op.to_string().into();
            }
            shown
        }
    }
}

/// Documents of a result: their members with the id, and beside them `doc`, `status` and `version`. (A document's own members of these
/// names are in `doc` only.)
pub fn documents<'a>(documents: impl IntoIterator<Item = &'a Document>) -> Result<Vec<Value>, Failure> {
    let render = |document: &Document| {
        let value = document.value()?;
        let mut members = value.as_object().cloned().unwrap_or_default();
        members.insert("id".into(), document.id.clone().into());
        members.insert("doc".into(), value);
        members.insert("status".into(), document.status.as_str().into());
        members.insert("version".into(), document.version.into());
        Ok(members.into())
    };
    documents.into_iter().map(render).collect()
}

/// A single document, or that there is none.
pub fn document(document: Option<&Document>) -> Result<Value, Failure> {
    Ok(match document {
        Some(document) => {
            json!({"doc": document.value()?, "status": document.status.as_str(), "version": document.version})
        }
        None => json!({"doc": null, "status": null, "version": null}),
    })
}

/// A reply with what a policy tells besides.
pub fn fetched<T>(fetched: &Fetched<T>, mut reply: Value) -> Value {
    reply["origin"] = fetched.origin.as_str().into();
    reply["age_ms"] = fetched.age.map(|age| age.as_millis() as u64).into();
    reply["stale"] = fetched.stale.into();
    reply
}

pub fn snapshot(snapshot: &Snapshot) -> Result<Value, Failure> {
    Ok(json!({
        "docs": documents(snapshot.documents.iter().map(AsRef::as_ref))?,
        "inserted": snapshot.inserted,
        "updated": snapshot.updated,
        "removed": snapshot.removed,
        "moved": snapshot.moved,
    }))
}

/// What a watch shows.
pub fn live(watch: u64, event: Value) -> String {
    line(&[("event", "live".into()), ("watch", watch.into())], event)
}

/// Rows of figures: `values` in the order in which they were asked for, and each under its name and path (`count`, `sum(price)`).
pub fn figures(of: &[Aggregate], rows: &[AggregateRow]) -> Vec<Value> {
    let name = |figure: &Aggregate| match figure {
        Aggregate::Count => "count".to_owned(),
        Aggregate::Sum(path) => format!("sum({path})"),
        Aggregate::Min(path) => format!("min({path})"),
        Aggregate::Max(path) => format!("max({path})"),
        Aggregate::Avg(path) => format!("avg({path})"),
    };
    let row = |row: &AggregateRow| {
        let mut shown: Map<String, Value> = of.iter().map(name).zip(row.values.iter().cloned()).collect();
        shown.insert("values".into(), row.values.clone().into());
        shown.extend(row.by.clone().map(|by| ("by".to_owned(), by)));
        Value::Object(shown)
    };
    rows.iter().map(row).collect()
}

/// A live query that cannot go on.
pub fn broken_watch(watch: u64, failure: &Failure) -> String {
    line(&[("event", "error".into()), ("watch", watch.into())], json!({"error": error(failure)}))
}

pub fn report(report: &SyncReport) -> Value {
    json!({
        "pushed": report.pushed,
        "pulled": report.pulled,
        "conflicts": report.conflicts,
        "parked": report.parked,
        "deferred": report.deferred.iter().map(deferred).collect::<Vec<_>>(),
        "set_aside": report.set_aside.iter().map(set_aside).collect::<Vec<_>>(),
        "requests": report.requests,
        "bytes_up": report.bytes_up,
        "bytes_down": report.bytes_down,
        "ms": report.duration.as_secs_f64() * 1e3,
    })
}

fn deferred(op: &Deferred) -> Value {
    json!({"op_id": op.op_id.to_string(), "code": op.code, "next_attempt_at": op.next_attempt_ms})
}

fn set_aside(one: &SetAside) -> Value {
    json!({"collection": one.collection, "doc_id": one.doc_id, "code": one.code()})
}

/// A value that lost; `lost` and `kept` as JSON.
pub fn journal_entry(entry: &JournalEntry) -> Value {
    let json = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    json!({
        "id": entry.id,
        "at": entry.at_ms,
        "collection": entry.collection,
        "doc_id": entry.doc_id,
        "op_id": entry.op_id,
        "reason": entry.reason.as_str(),
        "fields": entry.fields,
        "lost": json(&entry.lost),
        "kept": entry.kept.as_deref().map(json),
    })
}

pub fn slice(slice: &SliceReport) -> Value {
    let mut shown = report(&slice.report);
    shown["complete"] = slice.complete.into();
    shown
}

pub fn state(state: &SyncState) -> Value {
    json!({
        "phase": state.phase.as_str(),
        "pending": state.pending,
        "failed": state.failed,
        "conflicts": state.conflicts,
        "deferred": state.deferred,
        "set_aside": state.set_aside,
        "last_sync": state.last_sync_ms,
        "progress": state.progress.map(|progress| json!({"done": progress.done, "total": progress.total})),
        "last_error": state.last_error.as_ref().map(|error| error.code().as_str()),
    })
}

pub fn operation(op: &PendingOperation) -> Value {
    let mut shown = json!({
        "op_id": op.op_id.to_string(),
        "collection": op.collection,
        "doc_id": op.doc_id,
        "kind": op.kind,
        "state": op.state,
        "attempts": op.attempts,
        "next_attempt_at": op.next_attempt_ms,
    });
    if let Some(action) = &op.action {
        shown["action"] = json!({"name": action.name, "params": action.params});
    }
    if let Some(error) = &op.error {
        shown["last_error"] = json!({"code": error.code, "message": error.message});
    }
    shown
}

pub fn parked(op: &PendingOperation) -> Value {
    let mut shown = operation(op);
    let error = op.error.as_ref();
    shown["code"] = error.map(|e| e.code.clone()).into();
    shown["message"] = error.map(|e| e.message.clone()).into();
    shown["fields"] = error.map(|e| Value::Object(e.details.clone())).unwrap_or_else(|| json!({}));
    shown["changes"] = op.changes.clone();
    shown
}

pub fn conflict(conflict: &Conflict) -> Value {
    let side =
        |text: &Option<String>| text.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null);
    json!({
        "conflict": conflict.id,
        "collection": conflict.collection,
        "doc_id": conflict.doc_id,
        "fields": conflict.fields,
        "base": side(&conflict.base),
        "local": side(&conflict.local),
        "server": side(&conflict.server),
        "fields": conflict.fields,
        "local_at": conflict.local_ms,
        "local_device": conflict.local_device,
        "server_at": conflict.server_ms,
        "server_device": conflict.server_device,
    })
}

pub fn explanation(explanation: &Explanation) -> Value {
    json!({
        "summary": explanation.summary,
        "status": explanation.status.map(|status| status.as_str()),
        "version": explanation.version,
        "base": explanation.base.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok()),
        "ops": explanation.operations.iter().map(operation).collect::<Vec<_>>(),
        "conflict": explanation.conflict,
    })
}

pub fn dump(dumps: &[CollectionDump]) -> Value {
    let collections = dumps.iter().map(|dump| {
        let docs = dump.documents.iter().map(|one| {
            json!({
                "id": one.document.id,
                "doc": one.document.value().unwrap_or_default(),
                "status": one.document.status.as_str(),
                "version": one.document.version,
                "seq": one.seq,
            })
        });
        (
            dump.name.clone(),
            json!({"count": dump.documents.len(), "digest": dump.digest, "docs": docs.collect::<Vec<_>>()}),
        )
    });
    json!({"collections": collections.collect::<Map<_, _>>()})
}

pub fn stats(stats: &Stats) -> Value {
    json!({
        "commits": stats.commits,
        "forced_writes": stats.forced_writes,
        "writes": stats.writes,
        "statements": stats.statements,
        "bytes_written": stats.bytes_written,
        "wakeups": stats.wakeups,
        "requests": stats.requests,
        "bytes_up": stats.bytes_up,
        "bytes_down": stats.bytes_down,
        "cache_hits": stats.cache.hits,
        "cache_stale_hits": stats.cache.stale_hits,
        "cache_misses": stats.cache.misses,
        "evictions": stats.cache.evictions,
        "refreshes": stats.cache.refreshes,
        "failed_refreshes": stats.cache.failed_refreshes,
        "last_refresh_ms": stats.cache.last_refresh.map(|took| took.as_secs_f64() * 1e3),
        "mean_refresh_ms": stats.cache.mean_refresh.map(|took| took.as_secs_f64() * 1e3),
        "peak_memory_bytes": peak_memory(),
    })
}

/// The greatest resident size of this process, where the system tells it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kb| kb * 1024)
}

pub fn outcome(outcome: WriteOutcome) -> &'static str {
    outcome.as_str()
}

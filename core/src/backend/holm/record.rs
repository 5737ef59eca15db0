//! Records, tombstones and stamps on the wire (protocol, section 2).

use super::invalid;
use crate::backend::UnreadableRecord;
use crate::error::Result;
use crate::model::{Hlc, Path, RawFields, RemoteChange, Stamps};
use crate::net::ServerFailure;
use holm_protocol::codes::Code;
use holm_protocol::json::{Bounds, JsonFault, check_object, scan_object};
use holm_protocol::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The member `_sync` of a record.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SyncMember<'a> {
    seq: i64,
    /// Names among the server's own that are the app's in this record.
    #[serde(default, borrow)]
    app: Vec<Cow<'a, str>>,
    origin_op_id: Option<String>,
    hlc: Option<String>,
    create_hlc: Option<String>,
    #[serde(default)]
    field_hlcs: BTreeMap<String, String>,
}

/// A deleted record.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireTombstone {
    pub id: String,
    pub version: i64,
    pub seq: i64,
    pub deleted_at: Option<String>,
    pub hlc: Option<String>,
}

impl WireTombstone {
    pub fn into_change(self) -> RemoteChange {
        let stamps = self.hlc.as_deref().and_then(Hlc::parse).map(|hlc| Stamps {
            record: hlc.clone(),
            created: hlc,
            paths: BTreeMap::new(),
        });
        RemoteChange {
            id: self.id,
            body: None,
            version: Some(self.version),
            seq: Some(self.seq),
            updated_ms: self.deleted_at.as_deref().and_then(time),
            origin_op: None,
            stamps,
        }
    }
}

/// A record is as large and as deep as its server lets it be.
const ANY_SIZE: Bounds = Bounds { depth: usize::MAX, members: usize::MAX, bytes: usize::MAX };

/// Whether every query can read a document of this text.
pub(super) fn check(text: &str) -> Result<(), JsonFault> {
    if scan_object(text, ANY_SIZE).is_some() {
        return Ok(());
    }
    check_object(text, ANY_SIZE).map(drop)
}

/// A record in its text as server state. What is stored from it can be read by every query.
pub(super) fn record(raw: &RawValue) -> Result<RemoteChange, UnreadableRecord> {
    let strict = check(raw.get());
    let read: Result<RawFields<'_>, _> = serde_json::from_str(raw.get());
    let why = match (strict, read.as_ref().map(change)) {
        (Err(fault), _) => fault.to_string(),
        (_, Ok(Ok(change))) => return Ok(change),
        (_, Ok(Err(why))) => why.to_owned(),
        (_, Err(error)) => error.to_string(),
    };
    let outline: Outline = serde_json::from_str(raw.get()).unwrap_or_default();
    let seq = outline.sync.and_then(|sync| sync.seq);
    Err(UnreadableRecord { id: outline.id, seq, why: why.chars().take(200).collect() })
}

/// The server's state in a refusal.
pub(super) fn stated(failure: &ServerFailure, doc_id: &str) -> Result<RemoteChange> {
    if let Some(record) = &failure.server_data {
        return self::record(record).map_err(|unreadable| invalid("a conflict", unreadable.why));
    }
    if let Some(tombstone) = &failure.tombstone {
        let tombstone: WireTombstone = serde_json::from_str(tombstone.get()).map_err(|e| invalid("a conflict", e))?;
        return Ok(tombstone.into_change());
    }
    if Code::parse(&failure.code) == Some(Code::RecordNotFound) {
        // Not even a tombstone is left.
        return Ok(RemoteChange::missing(doc_id));
    }
    Err(invalid("a conflict", "it comes without the server's state"))
}

/// What can be read of nearly every record: other members are skipped, however many there are.
#[derive(Default, Deserialize)]
struct Outline {
    id: Option<String>,
    #[serde(rename = "_sync")]
    sync: Option<SyncOutline>,
}

#[derive(Deserialize)]
struct SyncOutline {
    seq: Option<i64>,
}

/// A record as server state. `Err` says what is missing.
fn change(record: &RawFields<'_>) -> Result<RemoteChange, &'static str> {
    let id: Cow<'_, str> = text(record.get("id").ok_or("a record has no id")?).ok_or("a record's id is no string")?;
    let version: Option<i64> = record.get("version").and_then(|raw| raw.get().parse().ok());
    let version = version.filter(|version| *version > 0).ok_or("a record has no version")?;
    let sync = record.get("_sync").ok_or("a record has no _sync")?;
    let sync: SyncMember<'_> = serde_json::from_str(sync.get()).map_err(|_| "a record's _sync is wrong")?;
    let is_app = |name: &str| sync.app.iter().any(|own| own == name);
    let body = record.text_without(|name| match name {
        "id" | "version" | "_sync" => true,
        "createdAt" | "updatedAt" => !is_app(name),
        _ => false,
    });
    let updated = if is_app("updatedAt") { None } else { record.get("updatedAt").and_then(text) };
    Ok(RemoteChange {
        id: id.into_owned(),
        body: Some(body),
        version: Some(version),
        seq: Some(sync.seq),
        updated_ms: updated.as_deref().and_then(time),
        stamps: stamps(&sync),
        origin_op: sync.origin_op_id,
    })
}

fn stamps(sync: &SyncMember<'_>) -> Option<Stamps> {
    let record = Hlc::parse(sync.hlc.as_deref()?)?;
    let created = sync.create_hlc.as_deref().and_then(Hlc::parse).unwrap_or_else(|| record.clone());
    let paths = sync.field_hlcs.iter().filter_map(|(pointer, stamp)| Some((Path::parse(pointer)?, Hlc::parse(stamp)?)));
    Some(Stamps { record, created, paths: paths.collect() })
}

fn text<'a>(raw: &'a RawValue) -> Option<Cow<'a, str>> {
    let inside = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inside.contains('\\') {
        serde_json::from_str(raw.get()).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inside))
    }
}

/// Milliseconds since 1970 of an RFC 3339 time.
pub(super) fn time(text: &str) -> Option<i64> {
    Timestamp::parse(text).map(Timestamp::ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<RemoteChange, &'static str> {
        change(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn the_servers_members_are_taken_out_and_the_apps_stay() {
        let change = read(
            r#"{"id":"a\u0062","title":"x","version":3,"createdAt":1,"updatedAt":"2026-11-20T10:00:00.000Z","_sync":{"seq":7,"app":["createdAt"]}}"#,
        )
        .unwrap();
        assert_eq!(change.id, "ab");
        assert_eq!(change.body.as_deref(), Some(r#"{"title":"x","createdAt":1}"#));
        assert_eq!((change.version, change.seq, change.updated_ms), (Some(3), Some(7), Some(1_795_168_800_000)));
        assert_eq!(change.stamps, None);
    }

    #[test]
    fn stamps_fall_back_to_the_creation() {
        let change = read(
            r#"{"id":"a","version":3,"_sync":{"seq":7,"hlc":"9:0:d","createHlc":"1:0:c","fieldHlcs":{"/t":"9:0:d"}}}"#,
        )
        .unwrap();
        let stamps = change.stamps.unwrap();
        assert_eq!(
            (stamps.path(&Path::field("t")).ms, stamps.path(&Path::field("other")).ms, stamps.record.ms),
            (9, 1, 9)
        );
    }

    #[test]
    fn core_v9_what_no_query_could_read_is_not_stored() {
        for (mark, version) in [("1e999", "1"), (r#""\ud800""#, "1"), (r#"1,"mark":2"#, "1"), ("1", "-1"), ("1", "0")] {
            let text = format!(r#"{{"id":"a","mark":{mark},"version":{version},"_sync":{{"seq":7}}}}"#);
            let unreadable = record(&RawValue::from_string(text.clone()).unwrap()).expect_err(&text);
            assert_eq!((unreadable.id.as_deref(), unreadable.seq), (Some("a"), Some(7)), "{text}");
        }
        let deep =
            format!(r#"{{"id":"a","deep":{}1{},"version":1,"_sync":{{"seq":7}}}}"#, "[".repeat(130), "]".repeat(130));
        assert!(record(&RawValue::from_string(deep).unwrap()).is_err());
    }

    #[test]
    fn what_is_missing_is_named() {
        for (text, missing) in [
            (r#"{"version":1,"_sync":{"seq":1}}"#, "id"),
            (r#"{"id":"a","_sync":{"seq":1}}"#, "version"),
            (r#"{"id":"a","version":1}"#, "_sync"),
            (r#"{"id":"a","version":"1","_sync":{"seq":1}}"#, "version"),
            (r#"{"id":"a","version":1,"_sync":{"seq":"x"}}"#, "_sync"),
        ] {
            assert!(read(text).unwrap_err().contains(missing), "{text}");
        }
    }

    #[test]
    fn core_v9_an_unreadable_record_still_has_its_place() {
        let raw = RawValue::from_string(r#"{"id":"v","version":"x","_sync":{"seq":8}}"#.to_owned()).unwrap();
        assert_eq!(record(&raw).unwrap_err().seq, Some(8));
        let raw = RawValue::from_string("[1]".to_owned()).unwrap();
        assert_eq!(record(&raw).unwrap_err().id, None);
    }
}

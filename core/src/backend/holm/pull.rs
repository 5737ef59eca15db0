//! Reading changes (protocol, sections 5 and 6).

use super::columns::{self, Columns};
use super::config::WireConfig;
use super::record::{WireTombstone, record, time};
use super::{PullReply, PullRequest, invalid};
use crate::backend::{StreamPage, StreamPosition, UnreadableRecord};
use crate::error::{Error, Result};
use crate::model::RemoteChange;
use crate::time::{ServerTime, Span};
use holm_protocol::columns::PAGE_ROWS;
use holm_protocol::digest;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRequest<'a> {
    streams: Vec<WireStream<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    discover: bool,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    known: &'a [String],
    /// The reply may be in its compact form.
    compact: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    config_version: Option<&'a str>,
}

#[derive(Serialize)]
struct WireStream<'a> {
    collection: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    space: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    /// What is here; if all of it is what the server has, the reply has no body.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

pub(super) fn request(request: &PullRequest, config_version: Option<&str>) -> Result<Vec<u8>> {
    let streams = request.streams.iter().map(|stream| WireStream {
        collection: &stream.collection,
        space: stream.space.as_deref(),
        cursor: stream.cursor.as_deref(),
        limit: (request.limit < PAGE_ROWS).then_some(request.limit),
        count: stream.holds.map(|(count, _)| count),
        digest: stream.holds.map(|(_, digest)| digest::text(digest)),
    });
    let wire = WireRequest {
        streams: streams.collect(),
        discover: request.discover,
        known: &request.known,
        compact: true,
        config_version,
    };
    serde_json::to_vec(&wire).map_err(|e| Error::internal(e.to_string()))
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: Data<'a>,
    config: WireConfig,
    meta: Meta,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    streams: Vec<ReplyStream<'a>>,
}

/// What every answer carries beside its data.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta {
    server_time: Option<String>,
}

impl Meta {
    /// The server's time in a reply to a request that took `span`.
    pub fn server_time(&self, span: Span) -> Option<ServerTime> {
        Some(ServerTime { server_ms: time(self.server_time.as_deref()?)?, span })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReplyStream<'a> {
    space: Option<String>,
    #[serde(borrow)]
    collection: Cow<'a, str>,
    #[serde(default, borrow)]
    changes: BTreeMap<Cow<'a, str>, Vec<&'a RawValue>>,
    /// If it is there, `changes` are bodies alone.
    columns: Option<Columns>,
    #[serde(default)]
    tombstones: BTreeMap<String, Vec<WireTombstone>>,
    sync_metadata: SyncMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SyncMetadata {
    has_more: bool,
    next_cursor: String,
    integrity: Option<Integrity>,
    count: Option<u64>,
}

/// Count and digest of a stream.
#[derive(Deserialize)]
pub(super) struct Integrity {
    alg: String,
    count: i64,
    digest: String,
}

impl Integrity {
    /// `None` for an algorithm that this build does not know.
    pub fn value(&self) -> Option<(i64, u64)> {
        (self.alg == digest::ALGORITHM).then_some(())?;
        Some((self.count, digest::parse(&self.digest)?))
    }
}

/// The reply without a body: every stream stands where the request says, and holds what the server does.
pub(super) fn nothing_new(request: &PullRequest, server_ms: Option<i64>, span: Span) -> Result<PullReply> {
    let page = |stream: &StreamPosition| {
        let (count, _) = stream.holds?;
        Some(StreamPage {
            collection: stream.collection.clone(),
            space: stream.space.clone(),
            changes: Vec::new(),
            unreadable: Vec::new(),
            next_cursor: stream.cursor.clone()?,
            has_more: false,
            // The server has compared them already.
            integrity: None,
            total: u64::try_from(count).ok(),
        })
    };
    let pages: Option<Vec<StreamPage>> = request.streams.iter().map(page).collect();
    // A portal may answer anything without a body; the time is what only a server of the protocol says.
    match (pages.filter(|pages| !pages.is_empty()), server_ms) {
        (Some(pages), Some(server_ms)) => Ok(PullReply { pages, server_time: Some(ServerTime { server_ms, span }) }),
        _ => Err(invalid("the answer to a pull", "it is empty")),
    }
}

pub(super) fn parse(body: &[u8], request: &PullRequest, span: Span) -> Result<(PullReply, WireConfig)> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|e| invalid("the answer to a pull", e))?;
    let mut pages = Vec::with_capacity(envelope.data.streams.len());
    for stream in envelope.data.streams {
        let collection = stream.collection.into_owned();
        if !request.discover && !request.streams.iter().any(|asked| asked.collection == collection) {
            return Err(invalid("the answer to a pull", format!("the request did not ask for {collection:?}")));
        }
        if pages.iter().any(|page: &StreamPage| page.collection == collection) {
            return Err(invalid("the answer to a pull", format!("it has {collection:?} twice")));
        }
        let records = stream.changes.into_values().flatten();
        let tombstones = stream.tombstones.into_values().flatten();
        let (changes, unreadable) = match stream.columns {
            Some(columns) => {
                let (live, unreadable) = columns::changes(columns, &records.collect::<Vec<_>>())?;
                (in_order(live, tombstones), unreadable)
            }
            None => changes(records, tombstones),
        };
        pages.push(StreamPage {
            collection,
            space: stream.space,
            changes,
            unreadable,
            next_cursor: stream.sync_metadata.next_cursor,
            has_more: stream.sync_metadata.has_more,
            integrity: stream.sync_metadata.integrity.and_then(|integrity| integrity.value()),
            total: stream.sync_metadata.count,
        });
    }
    if let Some(left_out) = request.streams.iter().find(|asked| !pages.iter().any(|p| p.collection == asked.collection))
    {
        return Err(invalid("the answer to a pull", format!("it says nothing of {:?}", left_out.collection)));
    }
    Ok((PullReply { pages, server_time: envelope.meta.server_time(span) }, envelope.config))
}

/// Records and tombstones in the server's order, and the records that cannot be read: one of them is no reason to lose the others.
pub(super) fn changes<'a>(
    records: impl Iterator<Item = &'a RawValue>,
    tombstones: impl Iterator<Item = WireTombstone>,
) -> (Vec<RemoteChange>, Vec<UnreadableRecord>) {
    let mut changes = Vec::with_capacity(records.size_hint().0);
    let mut unreadable = Vec::new();
    for raw in records {
        match record(raw) {
            Ok(change) => changes.push(change),
            Err(why) => unreadable.push(why),
        }
    }
    (in_order(changes, tombstones), unreadable)
}

/// Live states, which are in the server's order, and tombstones.
fn in_order(mut changes: Vec<RemoteChange>, tombstones: impl Iterator<Item = WireTombstone>) -> Vec<RemoteChange> {
    let before = changes.len();
    changes.extend(tombstones.map(WireTombstone::into_change));
    if changes.len() > before {
        changes.sort_by_key(|change| change.seq);
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use crate::net::SyncReason;
    use crate::time::Reading;

    fn position(holds: Option<(i64, u64)>) -> StreamPosition {
        StreamPosition { collection: "tasks".into(), space: Some("u:1".into()), cursor: Some("c".into()), holds }
    }

    fn answer(streams: Vec<StreamPosition>, server_ms: Option<i64>) -> Result<PullReply> {
        let now = Reading { wall_ms: 0, monotonic_ms: 0 };
        let context = SyncReason::Foreground;
        let request = PullRequest { streams, discover: false, known: Vec::new(), limit: 10, context };
        nothing_new(&request, server_ms, Span { sent: now, received: now })
    }

    #[test]
    fn an_answer_without_a_body_says_that_nothing_is_new() {
        let reply = answer(vec![position(Some((3, 7)))], Some(900)).unwrap();
        let page = &reply.pages[0];
        assert_eq!((page.next_cursor.as_str(), page.has_more, page.total), ("c", false, Some(3)));
        assert!(page.changes.is_empty() && page.integrity.is_none());
        assert_eq!(reply.server_time.map(|time| time.server_ms), Some(900));
    }

    #[test]
    fn an_answer_without_a_body_counts_only_where_it_was_asked_for() {
        for (streams, server_ms) in [
            (vec![position(Some((3, 7)))], None),
            (vec![position(Some((3, 7))), position(None)], Some(900)),
            (Vec::new(), Some(900)),
        ] {
            assert_eq!(answer(streams, server_ms).unwrap_err().code(), ErrorCode::InvalidResponse);
        }
    }
}

//! Reading records.

use crate::error::Failure;
use crate::http::body::{Payload, too_large};
use crate::http::caller::Caller;
use crate::http::context::text;
use crate::http::params::{InCollection, OfRecord, count};
use crate::http::reply::Reply;
use crate::http::{conditional, schema};
use crate::model::{CollectionName, Cursor, Decoder, RecordId, Timestamp, details, write_string};
use crate::store::streams;
use crate::sync::pull::{self, PullRequest, Start, StreamRequest, write_list};
use crate::sync::scope::Scope;
use crate::sync::{listing, wire};
use axum::http::StatusCode;
use axum::http::header::ETAG;
use std::collections::BTreeSet;

const DEFAULT_LIMIT: usize = 100;

/// The three kinds of reads of a collection.
enum Query {
    /// Changes after a cursor or a time.
    Delta(StreamRequest),
    /// A page of the list in the order of ids.
    List { limit: i64, offset: i64 },
    /// These records.
    Ids(Vec<RecordId>),
}

/// Records of a collection: what has changed since a cursor or a time, some by id, or a list by offset.
#[utoipa::path(
    get, path = "/v1/{collection}", tag = "records",
    params(
        ("collection" = String, Path, description = "The collection."),
        ("since" = Option<String>, Query, description = "Everything stamped later; also updatedSince, updatedAfter."),
        ("cursor" = Option<String>, Query, description = "Everything behind this cursor."),
        ("limit" = Option<i64>, Query, description = "Rows, 100 if absent; also the header X-Query-Limit."),
        ("offset" = Option<i64>, Query, description = "Asks for a list; also the header X-Query-Offset."),
        ("ids" = Option<String>, Query, description = "These records, with commas between, or repeated."),
        ("space" = Option<String>, Query, description = "The space; the caller's own if absent."),
    ),
    responses((status = 200, body = schema::ListReply), (status = 304, description = "The stream has not changed."),
              (status = "default", body = schema::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn list(caller: Caller, InCollection(collection): InCollection) -> Result<Reply, Failure> {
    let scope = caller.scope()?;
    let query = query(&caller, &collection)?;
    let stream = scope.stream(&collection);
    let max_bytes = scope.config.limits.max_page_bytes;
    let read = caller.read::<_, Failure, _>(move |db| {
        let head = streams::find(db, scope.space_row, &collection)?;
        let tag = Cursor::delta(&scope.epoch, &stream, head.last_seq).encode();
        let mut out = Vec::new();
        match query {
            Query::Delta(request) => {
                let (streams, known) = (vec![request], BTreeSet::new());
                let request = PullRequest { streams, discover: false, known, max_bytes, compact: false };
                let pulled = pull::pull(db, &scope, request)?;
                for page in &pulled.pages {
                    pull::write_delta(&mut out, &scope, page);
                }
                Ok((tag, head.last_us, out, None))
            }
            Query::Ids(ids) => {
                let found = listing::by_id(db, &scope, &collection, &ids)?;
                write_found(&mut out, &scope, &collection, &found);
                Ok((tag, head.last_us, out, None))
            }
            Query::List { limit, offset } => {
                let list = listing::list(db, &scope, &collection, limit, offset)?;
                out.push(b'[');
                out.extend_from_slice(&list.rows);
                out.push(b']');
                let pagination = format!(
                    r#"{{"total":{},"limit":{limit},"offset":{offset},"hasMore":{}}}"#,
                    list.total, list.has_more
                );
                Ok((tag, head.last_us, out, Some(pagination)))
            }
        }
    });
    let (tag, last_us, data, pagination) = read.await?;
    let (etag, modified) = (format!("\"{tag}\""), (last_us > 0).then_some(Timestamp::from_micros(last_us)));
    if conditional::is_known(&caller.headers, &etag, modified) {
        return Ok(Reply::empty(StatusCode::NOT_MODIFIED).header(ETAG, &etag));
    }
    let reply = match pagination {
        None => caller.data(&data),
        Some(pagination) => {
            let mut members = b"{\"data\":".to_vec();
            members.extend_from_slice(&data);
            members.extend_from_slice(b",\"pagination\":");
            members.extend_from_slice(pagination.as_bytes());
            caller.members(members)
        }
    };
    Ok(reply.validators(&etag, modified, caller.server.now()))
}

fn query(caller: &Caller, collection: &CollectionName) -> Result<Query, Failure> {
    let Caller { server, params, headers, .. } = caller;
    let limits = &server.config.limits;
    let from_header = |name| text(headers, name).map(|text| count(name, text)).transpose();
    let limit = match params.count("limit")? {
        Some(limit) => Some(limit),
        None => from_header("x-query-limit")?,
    };
    let limit = limit.map_or(DEFAULT_LIMIT, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let limit = limit.clamp(1, limits.max_page_records);
    let offset = match params.count("offset")? {
        Some(offset) => Some(offset),
        None => from_header("x-query-offset")?,
    };
    let ids: Vec<&str> = params.all("ids").flat_map(|ids| ids.split(',')).filter(|id| !id.is_empty()).collect();
    if !ids.is_empty() {
        if ids.len() > limits.max_fetch_ids {
            return Err(too_large(limits));
        }
        return Ok(Query::Ids(record_ids(ids)?));
    }
    let (cursor, since) = (params.cursor("cursor")?, params.since()?);
    match (cursor, since, offset) {
        (Some(_), Some(_), _) => Err(details("since", "contradicts cursor").into()),
        (None, None, Some(offset)) if offset > i64::try_from(limits.max_list_offset).unwrap_or(i64::MAX) => {
            let most = limits.max_list_offset;
            Err(details("offset", format!("may be at most {most}; read on with a cursor")).into())
        }
        (None, None, Some(offset)) => Ok(Query::List { limit: i64::try_from(limit).unwrap_or(i64::MAX), offset }),
        (_, _, Some(_)) => Err(details("offset", "contradicts cursor and since").into()),
        (cursor, since, None) => {
            let start = match (cursor, since) {
                (Some(cursor), _) => Start::At(cursor),
                (None, Some(us)) => Start::Since(us),
                (None, None) => Start::Snapshot,
            };
            Ok(Query::Delta(StreamRequest { collection: collection.clone(), start, limit, priority: 0, holds: None }))
        }
    }
}

/// One record.
#[utoipa::path(
    get, path = "/v1/{collection}/{id}", tag = "records",
    params(("collection" = String, Path, description = "The collection."), ("id" = String, Path, description = "The record.")),
    responses((status = 200, body = schema::RecordReply), (status = 304, description = "The record has not changed."),
              (status = 410, body = schema::ErrorBody, description = "The record was deleted."),
              (status = "default", body = schema::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn one(caller: Caller, OfRecord(collection, id): OfRecord) -> Result<Reply, Failure> {
    let scope = caller.scope()?;
    let found = caller.read(move |db| listing::one(db, &scope, &collection, &id)).await?;
    let (etag, modified) = (wire::etag(&found.record), Some(Timestamp::from_micros(found.record.updated_us)));
    if conditional::is_known(&caller.headers, &etag, modified) {
        return Ok(Reply::empty(StatusCode::NOT_MODIFIED).header(ETAG, &etag));
    }
    Ok(caller.data(&found.json).validators(&etag, modified, caller.server.now()))
}

/// Records by id. Unknown ids are left out.
#[utoipa::path(
    post, path = "/v1/{collection}/fetch", tag = "records",
    params(("collection" = String, Path, description = "The collection.")),
    request_body = schema::FetchRequest,
    responses((status = 200, body = schema::FetchReply), (status = "default", body = schema::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn fetch(
    caller: Caller,
    InCollection(collection): InCollection,
    payload: Payload,
) -> Result<Reply, Failure> {
    let (server, scope) = (&caller.server, caller.scope()?);
    let limits = &server.config.limits;
    let ids = payload.json(server, limits.max_body_bytes, |body| {
        let ids = Decoder::new(body, "body")?.texts("ids")?;
        ids.ok_or_else(|| details("ids", "is missing").into())
    });
    let ids = ids.await?;
    if ids.len() > limits.max_fetch_ids {
        return Err(too_large(limits));
    }
    let ids = record_ids(ids.iter().map(String::as_str))?;
    let name = collection.to_string();
    let found = caller.read(move |db| listing::by_id(db, &scope, &collection, &ids)).await?;
    let mut data = vec![b'{'];
    write_list(&mut data, &name, &found.changes);
    data.extend_from_slice(b",\"tombstones\":{");
    write_list(&mut data, &name, &found.tombstones);
    data.extend_from_slice(b"}}");
    if found.missing.is_empty() {
        return Ok(caller.data(&data));
    }
    let mut members = b"{\"data\":".to_vec();
    members.extend_from_slice(&data);
    members.extend_from_slice(b",\"pagination\":{\"hasMore\":true,");
    write_list(&mut members, "missing", &found.missing);
    members.push(b'}');
    Ok(caller.members(members))
}

fn record_ids<'i>(ids: impl IntoIterator<Item = &'i str>) -> Result<Vec<RecordId>, Failure> {
    ids.into_iter().map(|id| RecordId::parse(id).map_err(|fault| details("ids", fault.to_string()).into())).collect()
}

/// The delta shape for records that were asked for by id. It is no place in the stream, so it has no cursor.
fn write_found(out: &mut Vec<u8>, scope: &Scope, collection: &CollectionName, found: &listing::Found) {
    out.push(b'{');
    write_list(out, collection.as_str(), &found.changes);
    out.push(b',');
    write_list(out, &scope.deleted_key(collection), &found.deleted_ids);
    out.extend_from_slice(b",\"tombstones\":{");
    write_list(out, collection.as_str(), &found.tombstones);
    out.extend_from_slice(b"},\"syncMetadata\":{\"serverTimestamp\":");
    wire::write_stamp(out, found.head_us);
    if found.missing.is_empty() {
        out.extend_from_slice(b",\"hasMore\":false");
    } else {
        out.extend_from_slice(b",\"hasMore\":true,");
        write_list(out, "missing", &found.missing);
    }
    out.extend_from_slice(b",\"nextCursor\":null,\"epoch\":");
    write_string(out, &scope.epoch);
    out.extend_from_slice(b",\"mode\":\"ids\"}}");
}

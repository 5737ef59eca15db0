//! Pulling.

use super::config::{knows, write_unknown};
use super::progress;
use crate::error::Failure;
use crate::http::body::{Payload, too_large};
use crate::http::caller::{Caller, require_own};
use crate::http::reply::Reply;
use crate::http::schema;
use crate::model::{CollectionName, Decoder, Details, Mode, details};
use crate::store::spaces;
use crate::sync::cursors;
use crate::sync::pull::{PullRequest, Start, StreamRequest, pull as read, write_compact_element, write_element};
use crate::sync::scope::Scope;
use axum::http::{HeaderName, StatusCode};
use holm_protocol::{columns, digest, headers};
use serde_json::Value;
use std::collections::BTreeSet;

/// The result of the read.
struct Answer {
    /// Empty if there is nothing new.
    json: Vec<u8>,
    pending: i64,
    last_us: i64,
}

/// Pages of one or more streams from one snapshot.
#[utoipa::path(
    post, path = "/v1/sync/pull", tag = "sync",
    request_body = schema::PullRequest,
    responses((status = 200, body = schema::PullReply),
              (status = 204, description = "Only where every stream of a compact request says what it holds: that is what there is."),
              (status = 410, body = schema::ErrorBody, description = "A stream must be started anew."),
              (status = "default", body = schema::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn pull(caller: Caller, payload: Payload) -> Result<Reply, Failure> {
    let scope = caller.scope()?;
    let (server, limits, caller_scope) = (&caller.server, &caller.server.config.limits, scope.clone());
    let read_body = move |body| decode(body, &caller_scope);
    let (request, config_version) = payload.json(server, limits.max_body_bytes, read_body).await?;
    let compact = request.compact;
    let knows_config = knows(config_version.as_deref(), limits);
    let answer = caller.read::<_, Failure, _>(move |db| {
        let pulled = read(db, &scope, request)?;
        let last_us = spaces::last_us(db, scope.space_row)?;
        if compact && knows_config && pulled.nothing_new {
            return Ok(Answer { json: Vec::new(), pending: 0, last_us });
        }
        let bytes: usize = pulled.pages.iter().map(|read| read.page.len() + 512).sum();
        let mut json = Vec::with_capacity(bytes);
        json.extend_from_slice(b"{\"data\":{\"streams\":[");
        for (position, page) in pulled.pages.iter().enumerate() {
            if position > 0 {
                json.push(b',');
            }
            match compact {
                true => write_compact_element(&mut json, page),
                false => write_element(&mut json, &scope, page),
            }
        }
        let complete = pulled.complete;
        json.extend_from_slice(b"],\"removedSpaces\":[],\"addedSpaces\":[],\"checkpoint\":{\"complete\":");
        json.extend_from_slice(if complete { b"true}}" } else { b"false}}" });
        Ok(Answer { json, pending: pulled.pending, last_us })
    });
    let Answer { mut json, pending, last_us } = answer.await?;
    if json.is_empty() {
        let time = HeaderName::from_static(headers::SERVER_TIME);
        let reply = Reply::empty(StatusCode::NO_CONTENT).header(time, &server.now().to_string());
        return Ok(progress(reply, &caller, pending, last_us));
    }
    write_unknown(&mut json, config_version.as_deref(), limits);
    Ok(progress(caller.members(json), &caller, pending, last_us))
}

/// A page of one stream.
#[utoipa::path(
    get, path = "/v1/sync/changes", tag = "sync",
    params(("collection" = String, Query, description = "The collection."),
           ("space" = Option<String>, Query, description = "The space; the caller's own if absent."),
           ("cursor" = Option<String>, Query, description = "Where the scope stands; a snapshot if absent."),
           ("limit" = Option<i64>, Query, description = "Rows.")),
    responses((status = 200, body = schema::ChangesReply),
              (status = 410, body = schema::ErrorBody, description = "The stream must be started anew."),
              (status = "default", body = schema::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn changes(caller: Caller) -> Result<Reply, Failure> {
    let (scope, params) = (caller.scope()?, &caller.params);
    let limits = &caller.server.config.limits;
    let collection = params.collection("collection")?.ok_or_else(|| details("collection", "is missing"))?;
    let start = params.cursor("cursor")?.map_or(Start::Snapshot, Start::At);
    let limit = rows(params.count("limit")?, limits.max_page_records);
    let stream = StreamRequest { collection, start, limit, priority: 0, holds: None };
    let request = PullRequest {
        streams: vec![stream],
        discover: false,
        known: BTreeSet::new(),
        max_bytes: limits.max_page_bytes,
        compact: false,
    };
    let answer = caller.read::<_, Failure, _>(move |db| {
        let pulled = read(db, &scope, request)?;
        let mut json = Vec::new();
        for page in &pulled.pages {
            write_element(&mut json, &scope, page);
        }
        Ok(Answer { json, pending: pulled.pending, last_us: spaces::last_us(db, scope.space_row)? })
    });
    let answer = answer.await?;
    Ok(progress(caller.data(&answer.json), &caller, answer.pending, answer.last_us))
}

/// The request, and the version of the limits that the caller knows.
fn decode(body: Value, scope: &Scope) -> Result<(PullRequest, Option<String>), Failure> {
    let limits = &scope.config.limits;
    let mut body = Decoder::new(body, "body")?;
    let (discover, compact) = (body.flag("discover")?, body.flag("compact")?);
    let most = if compact { columns::PAGE_BYTES } else { usize::MAX };
    let max_bytes = body.count("maxBytes")?.map_or(most, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let config_version = body.text("configVersion")?;
    let known = body.list("known")?.unwrap_or_default().into_iter().map(|name| match name {
        Value::String(name) => Ok(name),
        _ => Err(details("known", "must be a list of names")),
    });
    let known = known.collect::<Result<BTreeSet<String>, _>>()?;
    let list = match body.list("streams")? {
        Some(list) => list,
        None if discover => Vec::new(),
        None => return Err(details("streams", "is missing").into()),
    };
    if list.len() > limits.max_streams {
        return Err(too_large(limits));
    }
    let mut streams: Vec<StreamRequest> = Vec::with_capacity(list.len());
    for element in list {
        let mut element = Decoder::new(element, "streams")?;
        require_own(&scope.space, element.text("space")?.as_deref())?;
        let stream = decode_stream(&mut element, scope, compact)?;
        if streams.iter().any(|other| other.collection == stream.collection) {
            return Err(details("streams", format!("{} appears twice", stream.collection)).into());
        }
        streams.push(stream);
    }
    let max_bytes = max_bytes.min(limits.max_page_bytes);
    Ok((PullRequest { streams, discover, known, max_bytes, compact }, config_version))
}

fn decode_stream(element: &mut Decoder, scope: &Scope, compact: bool) -> Result<StreamRequest, Failure> {
    let name = element.text("collection")?.ok_or_else(|| details("collection", "is missing"))?;
    let collection = CollectionName::parse(&name).map_err(|fault| details("collection", fault.to_string()))?;
    let cursor = element.text("cursor")?.map(|text| cursors::read(&text)).transpose()?;
    let mode = element.text("mode")?;
    let start = match (mode.as_deref(), cursor) {
        (None | Some("delta" | "snapshot"), None) => Start::Snapshot,
        (None | Some("delta"), Some(cursor)) => Start::At(cursor),
        (Some("snapshot"), Some(cursor)) if cursor.mode != Mode::Delta => Start::At(cursor),
        (Some("snapshot"), Some(_)) => Start::Snapshot,
        (Some(_), _) => return Err(details("mode", "must be delta or snapshot").into()),
    };
    let most = scope.config.limits.max_page_records;
    let limit = match element.count("limit")? {
        None if compact => most.min(columns::PAGE_ROWS as usize),
        given => rows(given, most),
    };
    let digest = element.text("digest")?.as_deref().and_then(digest::parse);
    let holds = element.count("count")?.zip(digest);
    let priority = priority(element.count("priority")?)?.unwrap_or(scope.config.collection(&collection).priority);
    Ok(StreamRequest { collection, start, limit, priority, holds })
}

fn priority(given: Option<i64>) -> Result<Option<u8>, Details> {
    let read =
        |n: i64| u8::try_from(n).ok().filter(|n| *n <= 3).ok_or_else(|| details("priority", "must be from 0 to 3"));
    given.map(read).transpose()
}

/// A page has at least one row, so that it gets its reader somewhere.
fn rows(given: Option<i64>, most: usize) -> usize {
    given.map_or(most, |rows| usize::try_from(rows).unwrap_or(usize::MAX).clamp(1, most))
}

//! Status.

use super::progress;
use crate::error::{Code, Failure};
use crate::http::body::too_large;
use crate::http::caller::Caller;
use crate::http::reply::Reply;
use crate::http::schema;
use crate::model::{CollectionName, Cursor};
use crate::sync::cursors;
use crate::sync::pull::MOST_PENDING;
use crate::sync::scope::Scope;
use crate::sync::status::{self as model, Status, StatusRequest};
use crate::sync::wire;
use axum::http::StatusCode;

/// The heads of the streams of a space, and how many rows the caller lacks.
#[utoipa::path(
    get, path = "/v1/sync/status", tag = "sync",
    params(("space" = Option<String>, Query, description = "The space; the caller's own if absent."),
           ("cursor" = Option<String>, Query, description = "Where the caller stands in a stream; may be repeated."),
           ("since" = Option<String>, Query, description = "Where the caller stands in all streams, as a time.")),
    responses((status = 200, body = schema::StatusReply), (status = "default", body = schema::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn status(caller: Caller) -> Result<Reply, Failure> {
    let status = read(&caller).await?;
    let mut members = b"{\"lastSyncTimestamp\":".to_vec();
    match status.last_us {
        0 => members.extend_from_slice(b"null"),
        us => wire::write_stamp(&mut members, us),
    }
    let counts = format!(
        ",\"pendingChanges\":{},\"pendingIsCapped\":{},\"conflictsNeedingResolution\":0,\"serverVersion\":\"{}\",\
         \"suggestedSyncInterval\":{},\"maintenance\":null,\"streams\":[",
        status.pending,
        status.pending >= MOST_PENDING,
        env!("CARGO_PKG_VERSION"),
        caller.server.config.sync.suggested_sync_interval,
    );
    members.extend_from_slice(counts.as_bytes());
    members.extend_from_slice(&status.streams);
    members.push(b']');
    Ok(progress(caller.members(members), &caller, status.pending, status.last_us))
}

/// The headers of the status.
#[utoipa::path(
    head, path = "/v1/sync/status", tag = "sync",
    params(("space" = Option<String>, Query, description = "The space; the caller's own if absent."),
           ("cursor" = Option<String>, Query, description = "Where the caller stands in a stream; may be repeated."),
           ("since" = Option<String>, Query, description = "Where the caller stands in all streams, as a time.")),
    responses((status = 200, description = "The headers."), (status = "default", description = "The status alone.")),
    security(("session" = [])),
)]
pub(crate) async fn status_head(caller: Caller) -> Result<Reply, Failure> {
    let status = read(&caller).await?;
    Ok(progress(Reply::empty(StatusCode::OK), &caller, status.pending, status.last_us))
}

async fn read(caller: &Caller) -> Result<Status, Failure> {
    let scope = caller.scope()?;
    let limits = &caller.server.config.limits;
    let mut request = StatusRequest { cursors: Vec::new(), since: caller.params.since()? };
    for text in caller.params.all("cursor") {
        request.cursors.push(stream_of(cursors::read(text)?, &scope)?);
    }
    if request.cursors.len() > limits.max_streams {
        return Err(too_large(limits));
    }
    caller.read(move |db| model::read(db, &scope, &request)).await
}

/// A cursor and the collection of the caller's that it is in.
fn stream_of(cursor: Cursor, scope: &Scope) -> Result<(CollectionName, Cursor), Failure> {
    if !cursor.is_in(&scope.space) {
        return Err(Failure::new(Code::Forbidden, "the space is not yours"));
    }
    Ok((cursor.collection.clone(), cursor))
}

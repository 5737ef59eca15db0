//! Status.

use super::progress;
use crate::error::Failure;
use crate::http::Shared;
use crate::http::body::too_large;
use crate::http::context::Context;
use crate::http::params::Params;
use crate::http::reply::Reply;
use crate::http::schema;
use crate::http::session::SignedIn;
use crate::model::{CollectionName, Cursor, details};
use crate::sync::cursors;
use crate::sync::pull::{MOST_PENDING, Reader};
use crate::sync::status::{self as model, Status, StatusRequest};
use crate::sync::wire;
use axum::extract::State;
use axum::http::StatusCode;

/// How the streams of a space stand, and how far behind the caller is.
#[utoipa::path(
    get, path = "/v1/sync/status", tag = "sync",
    params(("space" = Option<String>, Query, description = "The space; the caller's own if absent."),
           ("cursor" = Option<String>, Query, description = "Where the caller stands in a stream; may be repeated."),
           ("since" = Option<String>, Query, description = "Where the caller stands in all streams, as a time.")),
    responses((status = 200, body = schema::StatusReply), (status = "default", body = schema::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn status(
    State(server): State<Shared>,
    context: Context,
    session: SignedIn,
    params: Params,
) -> Result<Reply, Failure> {
    let (status, epoch) = read(&server, &context, &session, &params).await?;
    let mut members = b"{\"lastSyncTimestamp\":".to_vec();
    match status.last_ts {
        0 => members.extend_from_slice(b"null"),
        ts => wire::write_time(&mut members, ts),
    }
    let counts = format!(
        ",\"pendingChanges\":{},\"pendingIsCapped\":{},\"conflictsNeedingResolution\":0,\"serverVersion\":\"{}\",\
         \"suggestedSyncInterval\":{},\"maintenance\":null,\"streams\":[",
        status.pending,
        status.pending >= MOST_PENDING,
        env!("CARGO_PKG_VERSION"),
        server.config.sync.suggested_sync_interval,
    );
    members.extend_from_slice(counts.as_bytes());
    members.extend_from_slice(&status.streams);
    members.push(b']');
    Ok(progress(Reply::members(&context, &server, members), status.pending, status.last_ts, &epoch))
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
pub(crate) async fn status_head(
    State(server): State<Shared>,
    context: Context,
    session: SignedIn,
    params: Params,
) -> Result<Reply, Failure> {
    let (status, epoch) = read(&server, &context, &session, &params).await?;
    Ok(progress(Reply::empty(StatusCode::OK), status.pending, status.last_ts, &epoch))
}

async fn read(
    server: &Shared,
    context: &Context,
    session: &SignedIn,
    params: &Params,
) -> Result<(Status, String), Failure> {
    let reader = session.reader(server, context, params.text("space")?)?;
    let mut request = StatusRequest { cursors: Vec::new(), since: params.since()? };
    for text in params.all("cursor") {
        request.cursors.push(stream_of(cursors::read(text)?, &reader)?);
    }
    if request.cursors.len() > server.config.limits.max_streams {
        return Err(too_large(&server.config.limits));
    }
    let epoch = reader.epoch.clone();
    let status = server.database.read(move |db| model::read(db, &reader, &request)).await?;
    Ok((status, epoch))
}

/// A cursor and the collection of the caller's that it is in.
fn stream_of(cursor: Cursor, reader: &Reader) -> Result<(CollectionName, Cursor), Failure> {
    let (space, collection) = cursor.stream.rsplit_once('/').unwrap_or_default();
    crate::http::session::require_own(&reader.space, Some(space))?;
    let collection = CollectionName::parse(collection).map_err(|fault| details("cursor", fault.to_string()))?;
    Ok((collection, cursor))
}

//! Calls of syncing clients: `/v1/sync/*`.

pub(super) mod batch;
pub(super) mod config;
pub(super) mod pull;
pub(super) mod status;

use crate::http::caller::Caller;
use crate::http::reply::Reply;
use crate::model::Timestamp;
use axum::http::HeaderName;

/// The headers that say how far behind a reader is.
fn progress(reply: Reply, caller: &Caller, pending: i64, last_ts: i64) -> Reply {
    let reply = reply
        .header(HeaderName::from_static("x-has-updates"), if pending > 0 { "true" } else { "false" })
        .header(HeaderName::from_static("x-pending-count"), &pending.to_string())
        .header(HeaderName::from_static("x-sync-epoch"), caller.server.database.epoch());
    if last_ts == 0 {
        return reply;
    }
    reply.header(HeaderName::from_static("x-last-sync"), &Timestamp(last_ts).to_string())
}

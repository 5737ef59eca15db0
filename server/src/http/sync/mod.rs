//! Calls of syncing clients: `/v1/sync/*`.

pub(super) mod batch;
pub(super) mod config;
pub(super) mod pull;
mod request_columns;
mod results;
pub(super) mod status;

use crate::http::caller::Caller;
use crate::http::reply::Reply;
use crate::model::Timestamp;
use axum::http::HeaderName;
use holm_protocol::headers;

/// The headers that say how far behind a reader is.
fn progress(reply: Reply, caller: &Caller, pending: i64, last_us: i64) -> Reply {
    if caller.context.terse {
        return reply;
    }
    let reply = reply
        .header(HeaderName::from_static(headers::HAS_UPDATES), if pending > 0 { "true" } else { "false" })
        .header(HeaderName::from_static(headers::PENDING_COUNT), &pending.to_string())
        .header(HeaderName::from_static(headers::SYNC_EPOCH), caller.server.database.epoch());
    if last_us == 0 {
        return reply;
    }
    reply.header(HeaderName::from_static(headers::LAST_SYNC), &Timestamp::from_micros(last_us).to_string())
}

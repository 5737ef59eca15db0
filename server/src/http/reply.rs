//! Successful replies, spliced from JSON text.

use super::conditional;
use super::context::{Context, RequestContext};
use crate::model::{Timestamp, write_string};
use crate::state::State;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, ETAG, LAST_MODIFIED};
use axum::http::{HeaderName, HeaderValue, Response as HttpResponse, StatusCode};
use axum::response::{IntoResponse, Response};

/// A reply in the making.
pub(crate) struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

impl Reply {
    /// `{"data":…,"meta":…}`.
    pub(crate) fn data(context: &Context, state: &State, data: &[u8]) -> Self {
        let mut body = Vec::with_capacity(data.len() + 512);
        body.extend_from_slice(b"{\"data\":");
        body.extend_from_slice(data);
        Self::finished(context, state, body, false)
    }

    /// The same for a request that was answered before.
    pub(crate) fn repeated(context: &Context, state: &State, data: &[u8]) -> Self {
        let mut body = Vec::with_capacity(data.len() + 512);
        body.extend_from_slice(b"{\"data\":");
        body.extend_from_slice(data);
        Self::finished(context, state, body, true).replayed()
    }

    /// `{<members>,"meta":…}` from text that begins with the brace and lacks the last one.
    pub(crate) fn members(context: &Context, state: &State, members: Vec<u8>) -> Self {
        Self::finished(context, state, members, false)
    }

    fn finished(context: &Context, state: &State, mut body: Vec<u8>, idempotent: bool) -> Self {
        body.extend_from_slice(b",\"meta\":");
        write_meta(&mut body, context, state, idempotent);
        body.push(b'}');
        Self { status: StatusCode::OK, headers: Vec::new(), body }
    }

    /// JSON text without an envelope.
    pub(crate) fn bare(json: &[u8]) -> Self {
        Self { status: StatusCode::OK, headers: Vec::new(), body: json.to_vec() }
    }

    /// A reply without body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Says that the request was answered before.
    pub(crate) fn replayed(self) -> Self {
        self.header(HeaderName::from_static("idempotent-replayed"), "true")
    }

    /// Another status than 200.
    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// A header. A value that cannot stand in one is left out: it would be a cursor or an id that no client has to see there.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// The entity tag, with its quotes, and the time of the last change, as of `now`.
    pub(crate) fn validators(self, etag: &str, modified: Option<Timestamp>, now: i64) -> Self {
        let reply = self.header(ETAG, etag);
        match modified.and_then(|at| conditional::last_modified(at, now)) {
            Some(date) => reply.header(LAST_MODIFIED, &date),
            None => reply,
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = HttpResponse::new(Body::empty());
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        if !self.body.is_empty() {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *response.body_mut() = Body::from(self.body);
        }
        response
    }
}

/// Appends the object `meta`.
pub(crate) fn write_meta(out: &mut Vec<u8>, context: &RequestContext, state: &State, idempotent: bool) {
    out.extend_from_slice(
        format!("{{\"apiVersion\":{},\"minSupportedClientVersion\":", context.api_version).as_bytes(),
    );
    write_string(out, state.config.sync.min_client_version.as_deref().unwrap_or("0.0.0"));
    out.extend_from_slice(b",\"deprecationNotices\":[],\"serverTime\":\"");
    Timestamp::from_ms(state.now()).write(out);
    out.extend_from_slice(b"\",\"requestId\":");
    write_string(out, &context.request_id);
    if idempotent {
        out.extend_from_slice(b",\"idempotent\":true");
    }
    out.push(b'}');
}

//! The outermost middleware: gives requests their context, and replies their headers, error body and log line.

use super::Shared;
use super::conditional::http_date;
use super::context::{RequestContext, check_client_version};
use super::reply::write_meta;
use crate::address::Malformed;
use crate::error::{Code, Failure};
use crate::model::{Timestamp, write_string};
use crate::state::State as Server;
use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, DATE, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use holm_protocol::headers;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

impl IntoResponse for Failure {
    /// Leaves the body to [`envelope`], which knows the request.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Headers of a request that a reply depends on.
const VARY_ON: &str = "Authorization, Accept-Encoding, X-Device-Id, X-Holm, X-Query-Limit, X-Query-Offset";

/// Gives the request its context and the reply its headers, its error body and a line in the log.
pub(super) async fn envelope(State(server): State<Shared>, mut request: Request, next: Next) -> Response {
    let (started, began) = (server.now(), Instant::now());
    let (context, verdict) = RequestContext::read(request.headers(), &server);
    let context = Arc::new(context);
    request.extensions_mut().insert(Arc::clone(&context));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|route| route.as_str().to_owned());
    let malformed = request.extensions().get().map(|Malformed(fault)| Failure::new(Code::ValidationError, *fault));
    let verdict = malformed.map_or(verdict, Err);
    let verdict = verdict.and_then(|()| check_client_version(&context, &server, route.as_deref()));
    let verdict = verdict.and_then(|()| put_off(&context, &server));
    let mut response = match verdict {
        Ok(()) => in_time(&server, next.run(request)).await,
        Err(failure) => failure.into_response(),
    };
    let code = write_failure(&mut response, &context, &server);
    write_headers(response.headers_mut(), &method, &context, &server);
    let route = route.as_deref().unwrap_or("-");
    server.metrics.answered(method_name(&method), route, response.status().as_u16(), began.elapsed());
    // Neither the path nor the query: ids and cursors are private to the users.
    tracing::info!(
        request_id = context.request_id,
        method = %method,
        route,
        status = response.status().as_u16(),
        code = code.map_or("-", Code::as_str),
        user = context.user.get().map_or("-", String::as_str),
        device = context.device.as_ref().map_or("-", |device| device.as_str()),
        context = context.sync_context.unwrap_or("-"),
        bytes = response.body().size_hint().exact(),
        ms = server.now() - started,
        "request"
    );
    response
}

/// Seconds after which a request that was put off may come again.
const PUT_OFF: u32 = 30;

/// Puts off what no person waits for, while half of the places for waiting work are taken: the other half is for those who wait.
fn put_off(context: &RequestContext, server: &Server) -> Result<(), Failure> {
    let (writes, reads) = server.database.waiting();
    if context.sync_context == Some("background") && writes.max(reads) > server.config.server.max_waiting / 2 {
        let why = "much is waiting; requests of the background come later";
        return Err(Failure::new(Code::ServiceUnavailable, why).retry_after(PUT_OFF));
    }
    Ok(())
}

/// Gives up a request that takes too long. In memory nothing waits, so nothing is late.
async fn in_time(server: &Server, reply: impl Future<Output = Response>) -> Response {
    if server.database.is_inline() {
        return reply.await;
    }
    match tokio::time::timeout(server.config.server.request_timeout(), reply).await {
        Ok(response) => response,
        Err(_) => Failure::new(Code::Timeout, "the server took too long").retry_after(1).into_response(),
    }
}

/// Writes the error body, also for failures that are not ours: an unknown path, a refused extractor.
fn write_failure(response: &mut Response, context: &RequestContext, server: &Server) -> Option<Code> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    let failure = response.extensions_mut().remove::<Failure>().unwrap_or_else(|| {
        let reason = status.canonical_reason().unwrap_or("the request cannot be served");
        Failure::new(Code::of_status(status.as_u16()), reason).with_status(status.as_u16())
    });
    let code = failure.code();
    if let Some(reason) = failure.reason() {
        tracing::error!(request_id = context.request_id, code = code.as_str(), reason, "a request failed");
    }
    let mut body = b"{\"error\":".to_vec();
    failure.write(&mut body, Some(&context.request_id));
    body.extend_from_slice(b",\"type\":");
    write_string(&mut body, &code.urn());
    body.extend_from_slice(b",\"title\":");
    write_string(&mut body, &code.title());
    body.extend_from_slice(format!(",\"status\":{},\"meta\":", status.as_u16()).as_bytes());
    write_meta(&mut body, context, server, false);
    body.push(b'}');
    *response.body_mut() = Body::from(body);
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    let media_type = if context.wants_problem { "application/problem+json" } else { "application/json" };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Some(seconds) = failure.wait() {
        headers.insert(RETRY_AFTER, spread(seconds, status, &context.request_id).into());
    }
    match code {
        Code::UnsupportedEncoding => {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        _ if status == StatusCode::UNAUTHORIZED => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        _ => {}
    }
    Some(code)
}

/// The name of a method for the figures: a client can make any number of names up.
fn method_name(method: &Method) -> &str {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    if known.contains(method) { method.as_str() } else { "-" }
}

/// Seconds to wait, some more for some clients where all of them failed at once: they should not come back at once, too. A limit's own time is
/// exact.
fn spread(seconds: u32, status: StatusCode, request_id: &str) -> u32 {
    if !status.is_server_error() {
        return seconds;
    }
    let mut hasher = DefaultHasher::new();
    request_id.hash(&mut hasher);
    seconds + (hasher.finish() % u64::from(seconds.saturating_mul(2) + 1)) as u32
}

fn write_headers(headers: &mut HeaderMap, method: &Method, context: &RequestContext, server: &Server) {
    if let Ok(request_id) = HeaderValue::from_str(&context.request_id) {
        headers.insert(HeaderName::from_static(headers::REQUEST_ID), request_id);
    }
    if let Ok(date) = HeaderValue::from_str(&http_date(Timestamp::from_ms(server.now()))) {
        headers.insert(DATE, date);
    }
    // No cache keeps the reply to a `POST` that does not ask for it.
    if context.terse && method == Method::POST {
        return;
    }
    headers.insert(HeaderName::from_static(headers::API_VERSION), u16::from(context.api_version).into());
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    headers.insert(VARY, HeaderValue::from_static(VARY_ON));
}

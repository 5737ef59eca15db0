//! Pages of other origins that may call the server from a browser (<https://fetch.spec.whatwg.org/#http-cors-protocol>).

use axum::http::header::{ETAG, LAST_MODIFIED, LOCATION, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Method};
use holm_protocol::headers;
use std::time::Duration;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// How long a browser may remember an answer.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// Answers the questions of browsers, and marks replies. `None` if no page of another origin may call.
pub(super) fn layer(origins: &[String]) -> Option<CorsLayer> {
    let allowed = match origins {
        [] => return None,
        [any] if any == "*" => AllowOrigin::any(),
        origins => AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok())),
    };
    let own = [
        headers::REQUEST_ID,
        headers::API_VERSION,
        headers::SERVER_TIME,
        headers::HAS_UPDATES,
        headers::PENDING_COUNT,
        headers::LAST_SYNC,
        headers::SYNC_EPOCH,
    ];
    let exposed = [ETAG, LAST_MODIFIED, LOCATION, RETRY_AFTER];
    // A session travels in a header that the page sets, in no cookie: so no credentials of the browser are involved.
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(exposed.into_iter().chain(own.into_iter().map(HeaderName::from_static)).collect::<Vec<_>>())
        .max_age(REMEMBERED);
    Some(layer)
}

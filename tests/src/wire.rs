//! What went over the wire, for tests to read.

use axum::Router;
use axum::body::Body;
use flate2::read::GzDecoder;
use holm_core::{Request, Response};
use http_body_util::BodyExt;
use serde_json::Value;
use std::io::Read;
use tower::ServiceExt;

/// One request and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Path and query.
    pub path: String,
    /// The request's body; null if it is no JSON.
    pub request: Value,
    /// The answer's body; null if it is no JSON.
    pub reply: Value,
    /// Whether the answer was passed on to who had asked.
    pub delivered: bool,
}

impl Exchange {
    /// Reads the bodies of an exchange.
    pub fn new(path: &str, request: &[u8], reply: &[u8], delivered: bool) -> Self {
        let json = |body: &[u8]| serde_json::from_str(&text(body)).unwrap_or_default();
        Self { path: path.to_owned(), request: json(request), reply: json(reply), delivered }
    }
}

/// A body as text, inflated if need be.
pub fn text(body: &[u8]) -> String {
    let mut text = String::new();
    match GzDecoder::new(body).read_to_string(&mut text) {
        Ok(_) => text,
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    }
}

/// Gives a request to these routes and waits for the whole answer.
pub async fn deliver(router: Router, request: &Request) -> Response {
    let mut wire = http::Request::builder().method(request.method.clone()).uri(&request.url);
    if let Some(headers) = wire.headers_mut() {
        headers.extend(request.headers.clone());
    }
    let wire = wire.body(Body::from(request.body.clone())).unwrap();
    let (parts, body) = router.oneshot(wire).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response { status: parts.status, headers: parts.headers, body }
}

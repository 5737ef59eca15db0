//! The seam to the network: replaced by a simulated one in tests.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use std::fmt;
use std::time::Duration;

/// One HTTP request, ready to go.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The absolute URL.
    pub url: String,
    /// All headers, credentials among them.
    pub headers: HeaderMap,
    /// The body as it goes over the wire.
    pub body: Bytes,
    /// How long the exchange may take until the answer begins to arrive. It grows with the size of the body, so that a slow uplink can
    /// make progress. A transport that cannot tell when the answer begins gives the whole exchange this long.
    pub timeout: Duration,
    /// How many bytes of body may come back, as they come over the wire.
    pub max_response_bytes: usize,
}

impl fmt::Debug for Request {
    /// Without headers, body and ids of documents: they hold secrets and content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method, route(&self.url), self.body.len())
    }
}

/// A URL without its query and without the names that an app gives: of a path, only what the protocol itself names.
fn route(url: &str) -> String {
    let plain = url.split(['?', '#']).next().unwrap_or_default();
    let Some(at) = plain.find("/v1/") else { return plain.to_owned() };
    let (origin, path) = plain.split_at(at);
    let mut segments = path.split('/').skip(2);
    match (segments.next(), segments.next()) {
        (Some(area @ ("sync" | "auth" | "user")), Some(name)) => format!("{origin}/v1/{area}/{name}"),
        (Some(collection), Some(_)) => format!("{origin}/v1/{collection}/…"),
        (Some(collection), None) => format!("{origin}/v1/{collection}"),
        (None, _) => plain.to_owned(),
    }
}

/// One HTTP response, whole.
#[derive(Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came over the wire: still compressed if `Content-Encoding` says so.
    pub body: Bytes,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.status, self.body.len())
    }
}

/// Why there was no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// No connection could be made: the request did not leave.
    Connect,
    /// The server's certificate was refused: the request did not leave.
    Certificate,
    /// It took too long. The request may have arrived.
    Timeout,
    /// The connection broke. The request may have arrived.
    Lost,
    /// The body is larger than asked for. The request has arrived.
    TooLarge,
}

/// A failed exchange. The message names hosts and reasons, never headers or bodies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// What kind of failure.
    pub kind: TransportErrorKind,
    /// Detail.
    pub message: String,
}

impl TransportError {
    /// A failure of this kind.
    pub fn new(kind: TransportErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// Sends requests. Thread-safe. Dropping the future gives the exchange up; the request may have arrived all the same.
///
/// An implementation follows no redirects, retries nothing by itself, and decompresses nothing.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Sends one request and waits for the whole response.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;

    /// Closes what is open, so that a suspended app holds no socket. New requests open new connections.
    fn close_idle(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_s13_a_logged_request_names_no_document() {
        for (url, shown) in [
            ("https://api/v1/patients/jane-doe-1984", "https://api/v1/patients/…"),
            ("https://api/base/v1/tasks/a/actions/close", "https://api/base/v1/tasks/…"),
            ("https://api/v1/sync/pull?x=secret", "https://api/v1/sync/pull"),
            ("https://api/v1/auth/refresh", "https://api/v1/auth/refresh"),
            ("https://api/v1/jobs/7", "https://api/v1/jobs/…"),
        ] {
            assert_eq!(route(url), shown);
        }
    }
}

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
    /// How long the whole exchange may take.
    pub timeout: Duration,
    /// How many bytes of body may come back, as they come over the wire.
    pub max_response_bytes: usize,
}

impl fmt::Debug for Request {
    /// Without headers and body: they hold secrets and content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method, self.url, self.body.len())
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

//! The client's HTTP: builds requests, counts traffic, unpacks answers.

use super::failure::{ServerFailure, classify};
use super::gzip::{self, Packed};
use super::transport::{Request, Response, Transport};
use crate::error::{Error, ErrorCode, Result};
use bytes::Bytes;
use holm_protocol::headers::SERVER_TIME;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long an answer may take to begin, for a request without a body.
const TIMEOUT: Duration = Duration::from_secs(60);
/// A body is given the time that it takes at this rate, bytes in a second: below it a line counts as dead.
const SLOWEST_UPLINK: u64 = 8 << 10;
/// No request waits longer.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(300);
/// Largest answer, over the wire and decompressed.
const MAX_WIRE: usize = 16 << 20;
const MAX_INFLATED: usize = 32 << 20;

/// What went over the wire so far: whole messages, counted as HTTP/1.1 writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Traffic {
    pub requests: u64,
    pub bytes_up: u64,
    pub bytes_down: u64,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    /// To read something.
    Get,
    /// To take this JSON.
    Post(Vec<u8>),
    /// To take JSON that was written ahead.
    PostPacked(Packed),
}

/// One answer of the server, unpacked.
#[derive(Debug)]
pub(crate) enum Exchange {
    /// A success with a JSON body (decompressed), or without one. `accepted`: the request is not carried out yet (202). `server_ms`: the
    /// server's time, if a header says it.
    Success { body: Vec<u8>, accepted: bool, server_ms: Option<i64> },
    /// Anything else, with the protocol's failure if the server sent one.
    Failure(Error, Option<Box<ServerFailure>>),
}

/// The client's HTTP. Thread-safe.
pub(crate) struct HttpClient {
    transport: Arc<dyn Transport>,
    base: String,
    requests: AtomicU64,
    bytes_up: AtomicU64,
    bytes_down: AtomicU64,
}

impl HttpClient {
    /// A client for the server at `base`, an `http` or `https` URL.
    ///
    /// # Errors
    /// `INVALID_CONFIG` if it is not one.
    pub fn new(transport: Arc<dyn Transport>, base: &str) -> Result<Self> {
        let wrong = |why: &str| Error::invalid(ErrorCode::InvalidConfig, format!("the server's address is {why}"));
        let uri: http::Uri = base.parse().map_err(|_| wrong("not a URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
            return Err(wrong("not an http or https URL"));
        }
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) || uri.query().is_some() {
            return Err(wrong("to be given without credentials and query"));
        }
        // As the transport reads it: ports above 65535 and broken addresses are none, and what a path is appended to has no fragment.
        let url = reqwest::Url::parse(base).map_err(|fault| wrong(&format!("not a URL: {fault}")))?;
        if url.port() == Some(0) || url.fragment().is_some() {
            return Err(wrong("to be given with a port of 1 to 65535, if any, and without a fragment"));
        }
        Ok(Self {
            transport,
            base: base.trim_end_matches('/').to_owned(),
            requests: AtomicU64::new(0),
            bytes_up: AtomicU64::new(0),
            bytes_down: AtomicU64::new(0),
        })
    }

    /// The server's address, as it was given but for a slash at its end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends a request to `path` and waits for the answer.
    ///
    /// # Errors
    /// `OFFLINE`, `TIMEOUT`, `CONNECTION_LOST`, `CERTIFICATE`, `RESPONSE_TOO_LARGE`, `CAPTIVE`, `INVALID_RESPONSE`. An answer of the server that is a
    /// failure is no error here.
    pub async fn send(
        &self,
        path: &str,
        token: Option<&str>,
        headers: &[(HeaderName, String)],
        call: Call,
    ) -> Result<Exchange> {
        let mut map = HeaderMap::with_capacity(headers.len() + 4);
        map.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        for (name, value) in headers {
            map.insert(name.clone(), header_value(value)?);
        }
        if let Some(token) = token {
            let mut value = header_value(&format!("Bearer {token}"))?;
            value.set_sensitive(true);
            map.insert(AUTHORIZATION, value);
        }
        let (method, body) = match call {
            Call::Get => (Method::GET, None),
            Call::Post(body) => (Method::POST, Some(Packed::new(body)?)),
            Call::PostPacked(body) => (Method::POST, Some(body)),
        };
        if let Some(body) = &body {
            map.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            if body.gzip {
                map.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
        }
        let body = body.map(|body| body.bytes).unwrap_or_default();
        let request = Request {
            method,
            url: format!("{}{path}", self.base),
            headers: map,
            timeout: timeout(body.len()),
            body: body.into(),
            max_response_bytes: MAX_WIRE,
        };
        self.exchange(request).await
    }

    async fn exchange(&self, request: Request) -> Result<Exchange> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.bytes_up.fetch_add(request_size(&request), Ordering::Relaxed);
        tracing::debug!(request = ?request, "sending");
        let response = self.transport.send(request).await?;
        self.bytes_down.fetch_add(message_size(&response.headers, &response.body) + 17, Ordering::Relaxed);
        tracing::debug!(response = ?response, "answered");
        let compressed = response
            .headers
            .get(CONTENT_ENCODING)
            .is_some_and(|coding| coding.as_bytes().eq_ignore_ascii_case(b"gzip"));
        if !response.status.is_success() {
            let body = if compressed {
                gzip::decompress(&response.body, MAX_INFLATED).unwrap_or_default()
            } else {
                response.body.to_vec()
            };
            let (error, failure) = classify(&response, &body);
            return Ok(Exchange::Failure(error, failure.map(Box::new)));
        }
        check_is_json(&response)?;
        let body = if compressed { gzip::decompress(&response.body, MAX_INFLATED)? } else { response.body.to_vec() };
        let server_ms = response.headers.get(SERVER_TIME).and_then(|ms| ms.to_str().ok()?.parse().ok());
        Ok(Exchange::Success { body, accepted: response.status == http::StatusCode::ACCEPTED, server_ms })
    }

    /// What went over the wire so far.
    pub fn traffic(&self) -> Traffic {
        Traffic {
            requests: self.requests.load(Ordering::Relaxed),
            bytes_up: self.bytes_up.load(Ordering::Relaxed),
            bytes_down: self.bytes_down.load(Ordering::Relaxed),
        }
    }

    /// Closes idle connections.
    pub fn close_idle(&self) {
        self.transport.close_idle();
    }
}

fn timeout(body: usize) -> Duration {
    (TIMEOUT + Duration::from_secs(body as u64 / SLOWEST_UPLINK)).min(LONGEST_TIMEOUT)
}

/// A page of a portal or a proxy must not pass for an answer, even with status 200.
fn check_is_json(response: &Response) -> Result<()> {
    if response.body.is_empty() {
        return Ok(());
    }
    let kind = response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || essence.ends_with("+json") {
        return Ok(());
    }
    let code = if essence.contains("html") { ErrorCode::Captive } else { ErrorCode::InvalidResponse };
    Err(Error::network(code, format!("the answer is {:?}, not JSON", essence.chars().take(60).collect::<String>())))
}

fn header_value(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text)
        .map_err(|_| Error::invalid(ErrorCode::InvalidConfig, "a header value has characters that HTTP cannot carry"))
}

fn request_size(request: &Request) -> u64 {
    // "POST /path HTTP/1.1" and the Host header.
    let line = request.method.as_str().len() + request.url.len() + 20;
    line as u64 + message_size(&request.headers, &request.body)
}

fn message_size(headers: &HeaderMap, body: &Bytes) -> u64 {
    let headers: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    (headers + 2 + body.len()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;

    struct Nowhere;

    #[async_trait]
    impl Transport for Nowhere {
        async fn send(&self, _: Request) -> Result<Response, super::super::TransportError> {
            Err(super::super::TransportError::new(super::super::TransportErrorKind::Connect, "nowhere"))
        }
    }

    #[test]
    fn core_v5_a_large_body_is_given_time_on_a_slow_uplink() {
        // 540 kB at 12 kB/s take 45 s; the answer comes after that.
        assert_eq!(timeout(0), Duration::from_secs(60));
        assert!(timeout(540_000) >= Duration::from_secs(45 + 60));
        assert_eq!(timeout(usize::MAX >> 1), LONGEST_TIMEOUT);
    }

    #[test]
    fn audit_b13_only_usable_http_addresses_are_taken() {
        for good in ["http://127.0.0.1:8080", "https://api.example.com/holm/", "http://[::1]:65535", "http://h:1/p"] {
            assert!(HttpClient::new(Arc::new(Nowhere), good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "api.example.com",
            "ftp://x",
            "https://",
            "https://u:p@x",
            "https://x?token=1",
            "http://127.0.0.1:99999",
            "http://127.0.0.1:65536/p",
            "http://x:0",
            "http://x:80x",
            "http://x:8080#f",
            "http://x/p#",
            "http://1.2.3.400",
            "http://[::1",
            "http://a b",
        ] {
            assert!(HttpClient::new(Arc::new(Nowhere), bad).is_err(), "{bad}");
        }
    }
}

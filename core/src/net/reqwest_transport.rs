//! The real network: reqwest over rustls.
//!
//! Trust comes from the roots that are compiled in (`webpki-roots`), not from the platform's verifier: that needs JNI set-up on Android and a
//! Kotlin archive from outside Maven Central. See `docs/adr`.

use super::transport::{Request, Response, Transport, TransportError, TransportErrorKind};
use async_trait::async_trait;
use bytes::BytesMut;
use futures_util::StreamExt;
use std::error::Error as _;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// How long a connection may take to come up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Idle connections die quietly behind mobile networks; do not trust old ones.
const POOL_IDLE: Duration = Duration::from_secs(30);

/// How long an answer may stop between two pieces of it. A slow line is no reason to give up; a silent one is.
const SILENCE: Duration = Duration::from_secs(30);
/// How long an answer may take from its beginning to its end: the largest one at 30 kB/s.
const LONGEST_ANSWER: Duration = Duration::from_secs(600);

/// HTTP/1.1 over TCP or TLS.
pub struct ReqwestTransport {
    client: RwLock<reqwest::Client>,
}

impl ReqwestTransport {
    /// Makes a transport. Does not connect.
    ///
    /// # Errors
    /// Only if TLS cannot be set up.
    pub fn new() -> Result<Self, TransportError> {
        Ok(Self { client: RwLock::new(build()?) })
    }
}

fn build() -> Result<reqwest::Client, TransportError> {
    let failed = |reason: String| {
        TransportError::new(TransportErrorKind::Certificate, format!("TLS cannot be set up: {reason}"))
    };
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(POOL_IDLE)
        .pool_max_idle_per_host(2)
        .tcp_nodelay(true)
        .http1_title_case_headers()
        .build()
        .map_err(|error| failed(error.to_string()))
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let client = self.client.read().unwrap_or_else(PoisonError::into_inner).clone();
        let sent = client.request(request.method, &request.url).headers(request.headers).body(request.body).send();
        let begun = tokio::time::timeout(request.timeout, sent).await;
        let mut response = begun.map_err(|_| timed_out("the answer did not begin in time"))?.map_err(explain)?;
        let deadline = tokio::time::Instant::now() + LONGEST_ANSWER;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = BytesMut::new();
        let mut chunks = response.bytes_stream();
        loop {
            let wait = SILENCE.min(deadline.saturating_duration_since(tokio::time::Instant::now()));
            let next = tokio::time::timeout(wait, chunks.next()).await;
            let Some(chunk) = next.map_err(|_| timed_out("the answer stopped"))? else { break };
            let chunk = chunk.map_err(explain)?;
            if body.len() + chunk.len() > request.max_response_bytes {
                let message = format!("the answer has more than {} bytes", request.max_response_bytes);
                return Err(TransportError::new(TransportErrorKind::TooLarge, message));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, headers, body: body.freeze() })
    }

    fn close_idle(&self) {
        // The pool has no flush: a new client has a new pool, and the old one goes with its last request.
        match build() {
            Ok(fresh) => *self.client.write().unwrap_or_else(PoisonError::into_inner) = fresh,
            Err(error) => tracing::warn!(%error, "connections stay open"),
        }
    }
}

fn timed_out(what: &str) -> TransportError {
    TransportError::new(TransportErrorKind::Timeout, what)
}

fn explain(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let mut causes = vec![error.to_string()];
    let mut cause = error.source();
    let mut certificate = false;
    while let Some(inner) = cause {
        certificate |=
            inner.downcast_ref::<rustls::Error>().is_some_and(|e| matches!(e, rustls::Error::InvalidCertificate(_)));
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            let inside = io.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
            certificate |= inside.is_some_and(|e| matches!(e, rustls::Error::InvalidCertificate(_)));
        }
        causes.push(inner.to_string());
        cause = inner.source();
    }
    let kind = match () {
        () if certificate => TransportErrorKind::Certificate,
        () if error.is_connect() => TransportErrorKind::Connect,
        () if error.is_timeout() => TransportErrorKind::Timeout,
        () => TransportErrorKind::Lost,
    };
    TransportError::new(kind, causes.join(": "))
}

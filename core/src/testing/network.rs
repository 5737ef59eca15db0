//! A network that fails as a test says.

use super::rewrite;
use crate::net::{Request, Response, Transport, TransportError, TransportErrorKind};
use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No connection: the request does not arrive.
    Unreachable,
    /// The request does not arrive, and the client gives up. Told at once: no test waits for it.
    Timeout,
    /// The request arrives and is carried out; the answer is lost.
    LostReply,
    /// A captive portal answers with its own page and status 200.
    Captive,
    /// Something answers that is not the protocol.
    Garbage,
    /// The server answers with this status, in the protocol's form, and does nothing.
    Status {
        /// The HTTP status, 400 to 599.
        status: StatusCode,
        /// Its `Retry-After`, in whole seconds.
        retry_after: Option<Duration>,
    },
    /// The server takes none of the request's writes: it says of each that it shall come again later. All else goes well.
    Deferred,
    /// The records in the answer are in a form that this build cannot read.
    Unreadable,
}

/// A network in front of another one. Passes everything on until it is told to fail. Thread-safe.
pub struct ScriptedNetwork {
    behind: Arc<dyn Transport>,
    script: Mutex<Script>,
}

#[derive(Default)]
struct Script {
    /// What happens to the next requests; without a number, to all from then on.
    faults: VecDeque<(Fault, Option<u32>)>,
    requests: Vec<String>,
}

impl ScriptedNetwork {
    /// A network that leads to `behind`.
    pub fn new(behind: Arc<dyn Transport>) -> Self {
        Self { behind, script: Mutex::default() }
    }

    /// Lets requests fail: as many as `times`, after those that were told before; all from then on if `None`.
    pub fn fail(&self, fault: Fault, times: Option<u32>) {
        if times != Some(0) {
            self.with(|script| script.faults.push_back((fault, times)));
        }
    }

    /// Forgets all faults that have not happened yet.
    pub fn heal(&self) {
        self.with(|script| script.faults.clear());
    }

    /// Every request so far, those that failed among them: `POST /v1/sync/pull`.
    pub fn requests(&self) -> Vec<String> {
        self.with(|script| script.requests.clone())
    }

    fn next(&self, request: &Request) -> Option<Fault> {
        self.with(|script| {
            script.requests.push(format!("{} {}", request.method, path(&request.url)));
            let (fault, left) = script.faults.front_mut()?;
            let fault = *fault;
            if let Some(left) = left {
                *left -= 1;
                if *left == 0 {
                    script.faults.pop_front();
                }
            }
            Some(fault)
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Script) -> T) -> T {
        work(&mut self.script.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Transport for ScriptedNetwork {
    async fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        match self.next(&request) {
            None => self.behind.send(request).await,
            Some(Fault::Unreachable) => Err(failed(TransportErrorKind::Connect)),
            Some(Fault::Timeout) => Err(failed(TransportErrorKind::Timeout)),
            Some(Fault::LostReply) => {
                self.behind.send(request).await?;
                Err(failed(TransportErrorKind::Lost))
            }
            Some(Fault::Captive) => Ok(answer(StatusCode::OK, "text/html", "<html>Please sign in</html>")),
            Some(Fault::Garbage) => Ok(answer(StatusCode::OK, "application/json", "{\"data\":")),
            Some(Fault::Status { status, retry_after }) => {
                let mut response = answer(status, "application/json", failure_body(status));
                if let Some(wait) = retry_after {
                    response.headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs()));
                }
                Ok(response)
            }
            Some(Fault::Deferred) => {
                let operations = rewrite::take_operations(&mut request);
                let mut response = self.behind.send(request).await?;
                rewrite::defer(&mut response, &operations);
                Ok(response)
            }
            Some(Fault::Unreadable) => {
                rewrite::plain_answer(&mut request);
                let mut response = self.behind.send(request).await?;
                rewrite::garble_records(&mut response);
                Ok(response)
            }
        }
    }

    fn close_idle(&self) {
        self.behind.close_idle();
    }
}

fn failed(kind: TransportErrorKind) -> TransportError {
    TransportError::new(kind, "the test's network says so")
}

fn answer(status: StatusCode, kind: &'static str, body: &'static str) -> Response {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
    Response { status, headers, body: Bytes::from_static(body.as_bytes()) }
}

/// The protocol's error object for a status.
fn failure_body(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => r#"{"error":{"code":"UNAUTHORIZED","message":"scripted"}}"#,
        403 => r#"{"error":{"code":"FORBIDDEN","message":"scripted"}}"#,
        404 => r#"{"error":{"code":"NOT_FOUND","message":"scripted"}}"#,
        429 => r#"{"error":{"code":"RATE_LIMITED","message":"scripted","retryable":true}}"#,
        503 => r#"{"error":{"code":"SERVICE_UNAVAILABLE","message":"scripted","retryable":true}}"#,
        500..=599 => r#"{"error":{"code":"INTERNAL_ERROR","message":"scripted","retryable":true}}"#,
        _ => r#"{"error":{"code":"VALIDATION_ERROR","message":"scripted"}}"#,
    }
}

/// Path and query of a URL.
fn path(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    url[after_scheme..].find('/').map_or("/", |at| &url[after_scheme + at..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[derive(Default)]
    struct Counting(AtomicU32);

    #[async_trait]
    impl Transport for Counting {
        async fn send(&self, _: Request) -> Result<Response, TransportError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(answer(StatusCode::OK, "application/json", "{}"))
        }
    }

    fn request() -> Request {
        Request {
            method: http::Method::POST,
            url: "http://server:80/v1/sync/pull".to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: Duration::from_secs(1),
            max_response_bytes: 1,
        }
    }

    #[tokio::test]
    async fn faults_come_in_order_as_often_as_told_and_then_everything_passes() {
        let behind = Arc::new(Counting::default());
        let network = ScriptedNetwork::new(behind.clone());
        network.fail(Fault::Unreachable, Some(1));
        network.fail(Fault::LostReply, Some(2));
        let kinds = [TransportErrorKind::Connect, TransportErrorKind::Lost, TransportErrorKind::Lost];
        for kind in kinds {
            assert_eq!(network.send(request()).await.unwrap_err().kind, kind);
        }
        assert_eq!(behind.0.load(Ordering::Relaxed), 2, "a lost reply was carried out");
        assert_eq!(network.send(request()).await.unwrap().status, StatusCode::OK);
        assert_eq!(network.requests(), vec!["POST /v1/sync/pull"; 4]);
    }

    #[tokio::test]
    async fn an_endless_fault_ends_when_it_is_healed() {
        let network = ScriptedNetwork::new(Arc::new(Counting::default()));
        let wait = Some(Duration::from_secs(30));
        network.fail(Fault::Status { status: StatusCode::SERVICE_UNAVAILABLE, retry_after: wait }, None);
        for _ in 0..3 {
            let response = network.send(request()).await.unwrap();
            assert_eq!((response.status.as_u16(), response.headers[RETRY_AFTER].to_str().unwrap()), (503, "30"));
        }
        network.heal();
        assert_eq!(network.send(request()).await.unwrap().status, StatusCode::OK);
    }
}

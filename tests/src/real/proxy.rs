//! A proxy that loses, withholds, delays and notes what passes, and keeps one address while servers come and go behind it.

use crate::sim::Random;
use crate::wire::Exchange;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use futures_util::stream;
use holm_core::{Request, ReqwestTransport, Transport};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

struct Shared {
    upstream: Mutex<String>,
    transport: ReqwestTransport,
    random: Random,
    /// A request, and a reply, is lost once in so many times; 0: never.
    losses: Mutex<(u64, u64)>,
    awaited: Mutex<Option<Awaited>>,
    held: Mutex<Option<Held>>,
    /// `None` if no test asked for them.
    notes: Mutex<Option<Vec<Exchange>>>,
}

/// A reply that a test waits for.
struct Awaited {
    path: &'static str,
    /// So many replies come before it.
    after: u64,
    /// Whether it stays here.
    withheld: bool,
    tell: Sender<()>,
}

/// A request that shall be late.
struct Held {
    path: &'static str,
    tell: Sender<()>,
    go: oneshot::Receiver<()>,
}

/// A running proxy, on threads of its own. Gone when it is dropped.
pub struct Proxy {
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
    /// Where it listens.
    pub url: String,
}

impl Proxy {
    /// A faultless proxy to this server.
    pub fn to(upstream: &str, seed: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream.to_owned()),
            transport: ReqwestTransport::new().unwrap(),
            random: Random::new(seed),
            losses: Mutex::new((0, 0)),
            awaited: Mutex::default(),
            held: Mutex::default(),
            notes: Mutex::default(),
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(forward).with_state(shared.clone());
        runtime.spawn(async move { axum::serve(TcpListener::from_std(listener).unwrap(), app).await });
        Self { shared, runtime: Some(runtime), url }
    }

    /// Another server from now on.
    pub fn set_upstream(&self, upstream: &str) {
        *self.shared.upstream.lock().unwrap() = upstream.to_owned();
    }

    /// Loses a request, and a reply, once in so many times.
    pub fn lose(&self, requests: u64, replies: u64) {
        *self.shared.losses.lock().unwrap() = (requests, replies);
    }

    /// Passes on so many replies to requests for this path, and keeps the next one for ever. The receiver is told when the server has given
    /// it, and so has done what was asked.
    pub fn withhold(&self, path: &'static str, after: u64) -> Receiver<()> {
        self.wait_for(path, after, true)
    }

    /// The same, but the reply is passed on as well.
    pub fn announce(&self, path: &'static str, after: u64) -> Receiver<()> {
        self.wait_for(path, after, false)
    }

    fn wait_for(&self, path: &'static str, after: u64, withheld: bool) -> Receiver<()> {
        let (tell, told) = channel();
        *self.shared.awaited.lock().unwrap() = Some(Awaited { path, after, withheld, tell });
        told
    }

    /// Holds the next request for this path on its way to the server: until the sender says so, or is dropped. The receiver is told when the
    /// request is here.
    pub fn hold(&self, path: &'static str) -> (Receiver<()>, oneshot::Sender<()>) {
        let ((tell, told), (release, go)) = (channel(), oneshot::channel());
        *self.shared.held.lock().unwrap() = Some(Held { path, tell, go });
        (told, release)
    }

    /// Takes notes from now on.
    pub fn take_notes(&self) {
        *self.shared.notes.lock().unwrap() = Some(Vec::new());
    }

    /// Ends: every connection is cut. Returns the notes. Blocks, so not for a thread of an async runtime.
    pub fn end(mut self) -> Vec<Exchange> {
        // Waits for its threads, so that nothing is noted any more.
        drop(self.runtime.take());
        self.shared.notes.lock().unwrap().take().unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Without waiting: it may be dropped by a task.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    /// The test that waits for the reply to this request, if one does.
    fn take_awaited(&self, path: &str) -> Option<Awaited> {
        let mut awaited = self.awaited.lock().unwrap();
        match &mut *awaited {
            Some(this) if path.contains(this.path) && this.after > 0 => {
                this.after -= 1;
                None
            }
            Some(this) if path.contains(this.path) => awaited.take(),
            _ => None,
        }
    }

    /// Whether this request shall be late.
    fn take_held(&self, path: &str) -> Option<Held> {
        self.held.lock().unwrap().take_if(|held| path.contains(held.path))
    }

    fn note(&self, path: &str, request: &[u8], reply: &[u8], delivered: bool) {
        if let Some(notes) = &mut *self.notes.lock().unwrap() {
            notes.push(Exchange::new(path, request, reply, delivered));
        }
    }
}

async fn forward(State(shared): State<Arc<Shared>>, request: axum::extract::Request) -> Response {
    let (requests, replies) = *shared.losses.lock().unwrap();
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else { return broken() };
    if shared.random.one_in(requests) {
        return broken();
    }
    let path = parts.uri.to_string();
    if let Some(held) = shared.take_held(&path) {
        // Who does not want to know has dropped the receiver.
        let _ = held.tell.send(());
        let _ = held.go.await;
    }
    let url = format!("{}{path}", shared.upstream.lock().unwrap());
    let mut headers = parts.headers;
    headers.remove(http::header::HOST);
    let request = Request {
        method: parts.method,
        url,
        headers,
        body: body.clone(),
        timeout: Duration::from_secs(30),
        max_response_bytes: usize::MAX,
    };
    let Ok(answer) = shared.transport.send(request).await else { return broken() };
    let lost = shared.random.one_in(replies);
    let awaited = shared.take_awaited(&path);
    let withheld = awaited.as_ref().is_some_and(|awaited| awaited.withheld);
    shared.note(&path, &body, &answer.body, !lost && !withheld);
    if let Some(awaited) = awaited {
        // Who does not want to know has dropped the receiver.
        let _ = awaited.tell.send(());
    }
    if withheld {
        return std::future::pending().await;
    }
    if lost {
        return broken();
    }
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

/// An answer that breaks off: the connection is lost.
fn broken() -> Response {
    let cut = stream::iter([Err::<Bytes, _>(std::io::Error::other("lost on purpose"))]);
    let mut response = Response::new(Body::from_stream(cut));
    response.headers_mut().insert(http::header::CONTENT_LENGTH, http::HeaderValue::from_static("1000"));
    response
}

//! The listener: accepts connections and serves requests on them.
//!
//! Invariants:
//! - A connection costs its client something: it must bring the header of its next request in time and take replies at some speed, else it is
//!   closed. There are only so many, in all and of one address.
//! - A new connection always has a chance: where there are too many, the oldest without a request under way gives place.
//! - Nothing that fails on one connection ends the listener.

mod connections;
mod guarded;
mod paced;

use crate::address::{Malformed, Peer};
use crate::config::Runtime;
use crate::metrics::Metrics;
use axum::Router;
use axum::body::Body;
use axum::http::header::HOST;
use axum::http::{HeaderMap, Request, Version};
use connections::{Connections, Slot};
use guarded::Guarded;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use paced::Paced;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::Service;

/// The largest header of a request, line included. 500 ids in a query fit.
const MAX_HEADER_BYTES: usize = 64 * 1024;
/// How long the listener rests after the operating system had no descriptor for a connection.
const REST: Duration = Duration::from_millis(50);

/// Serves until `stopping` completes; then finishes the requests under way. Dropping the future closes all connections.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    runtime: &Runtime,
    metrics: Arc<Metrics>,
    stopping: impl Future<Output = ()>,
) {
    let mut stopping = pin!(stopping);
    let connections = Arc::new(Connections::new(runtime, metrics));
    let (closing, closed) = watch::channel(false);
    let (header_timeout, write_timeout) = (runtime.header_timeout(), runtime.write_timeout());
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = open.join_next() => continue,
            () = &mut stopping => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // The client hung up meanwhile, or there is no descriptor left: then an idle connection gives place.
                tracing::warn!(%error, "cannot accept a connection");
                connections.make_room();
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        // A small reply must not wait for the acknowledgement of the one before it.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot turn off Nagle's algorithm");
        }
        let Some(slot) = connections.admit(peer.ip()) else { continue };
        let trusted = connections.trusts(peer.ip());
        let serving =
            Connection { router: router.clone(), slot, address: peer.ip(), trusted, header_timeout, write_timeout };
        open.spawn(serving.serve(stream, closed.clone()));
    }
    drop(listener);
    // Fails only if no connection is open.
    let _ = closing.send(true);
    while open.join_next().await.is_some() {}
}

struct Connection {
    router: Router,
    slot: Slot,
    address: IpAddr,
    trusted: bool,
    header_timeout: Duration,
    write_timeout: Duration,
}

impl Connection {
    async fn serve(self, stream: TcpStream, mut closing: watch::Receiver<bool>) {
        let Self { router, slot, address, trusted, header_timeout, write_timeout } = self;
        let service = service_fn(|request: Request<Incoming>| {
            let (mut router, under_way) = (router.clone(), slot.busy());
            let mut request = request.map(Body::new);
            let client = if trusted { forwarded(request.headers()).unwrap_or(address) } else { address };
            request.extensions_mut().insert(Peer(client));
            if let Some(fault) = malformed(&request) {
                request.extensions_mut().insert(fault);
            }
            async move { Ok::<_, Infallible>(router.call(request).await?.map(|body| Guarded { body, under_way })) }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(header_timeout).max_buf_size(MAX_HEADER_BYTES);
        let replying = Arc::new(AtomicBool::new(false));
        let stream = Paced::new(stream, write_timeout, Arc::clone(&replying));
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let mut ending = *closing.borrow();
        loop {
            if ending {
                connection.as_mut().graceful_shutdown();
                // Half a header, or nothing: no request to wait for.
                if slot.is_idle() && !replying.load(Ordering::Relaxed) {
                    return;
                }
            }
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    return;
                }
                () = slot.must_close() => return,
                Ok(()) = closing.changed(), if !ending => ending = true,
            }
        }
    }
}

/// What HTTP/1.1 forbids and the parser takes (RFC 9112, section 3.2): a proxy in front may send such a request elsewhere. Of a length and an
/// encoding the parser itself leaves the encoding.
fn malformed<B>(request: &Request<B>) -> Option<Malformed> {
    let hosts = request.headers().get_all(HOST).iter().count();
    let wrong = hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11);
    wrong.then_some(Malformed("a request has one Host"))
}

/// The address that a trusted proxy saw: the last one in its header.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

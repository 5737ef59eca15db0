//! Packing replies.
//!
//! Replies are whole before they are packed: their size is bounded by `maxPageBytes`, and a reply with a length can be checked by the
//! client. Large ones are packed away from the tasks that serve other requests.

use super::Shared;
use super::context::RequestContext;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use axum::middleware::Next;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// Below this the headers are larger than what is saved.
const WORTH_PACKING: usize = 1024;
/// Above this packing takes longer than handing it to another thread.
const WORTH_HANDING_OVER: usize = 32 * 1024;

/// Packs the reply if the client can read it and it is worth it.
pub(super) async fn compress(State(server): State<Shared>, request: Request, next: Next) -> Response {
    let accepted = RequestContext::accepts_gzip(request.headers());
    let response = next.run(request).await;
    if !accepted || response.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // The body is in memory already; it cannot fail to be read.
    let plain = to_bytes(body, usize::MAX).await.unwrap_or_default();
    if plain.len() < WORTH_PACKING {
        return Response::from_parts(parts, Body::from(plain));
    }
    let level = Compression::new(server.config.server.gzip_level);
    let packed = if plain.len() < WORTH_HANDING_OVER {
        pack(&plain, level)
    } else {
        let shared = plain.clone();
        server.executor.run(move || pack(&shared, level)).await.ok().flatten()
    };
    match packed {
        Some(packed) => {
            parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            parts.headers.remove(CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(packed))
        }
        None => Response::from_parts(parts, Body::from(plain)),
    }
}

fn pack(plain: &Bytes, level: Compression) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 3), level);
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}

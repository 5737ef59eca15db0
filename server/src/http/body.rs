//! Reading request bodies.
//!
//! Invariants:
//! - No more than `max_body_bytes` are ever held, packed or not, and a body never inflates to more than `max_inflate_ratio` times its
//!   size: a few bytes cannot fill the memory.
//! - A large body needs a place: see [`Intake`](super::Intake).
//! - What comes out is one JSON value without duplicate keys, as deep as allowed.

use super::Shared;
use super::context::RequestContext;
use super::intake::Place;
use crate::config::Limits;
use crate::error::{Code, Failure};
use crate::model::{Decoder, details};
use crate::state::State;
use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use flate2::read::MultiGzDecoder;
use holm_protocol::json::{self, Bounds, JsonFault};
use serde_json::Value;
use std::future::poll_fn;
use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;

/// Above this reading takes longer than handing it to another thread.
const WORTH_HANDING_OVER: usize = 32 * 1024;

/// The largest body of a stranger.
const MAX_SMALL: usize = 4096;

/// A body as it came.
pub(crate) struct Payload {
    bytes: Vec<u8>,
    packed: bool,
    /// The media type, in lower case and without parameters.
    media_type: Option<String>,
    place: Option<Place>,
}

impl FromRequest<Shared> for Payload {
    type Rejection = Failure;

    async fn from_request(request: Request, server: &Shared) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let packed = is_packed(&parts.headers)?;
        let media_type = media_type(&parts.headers)?;
        let most = server.config.limits.max_body_bytes;
        let account = parts.extensions.get::<Arc<RequestContext>>().and_then(|context| context.user.get());
        let received = body.size_hint().upper().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(most);
        let inflated = if packed { received.saturating_mul(server.config.limits.max_inflate_ratio) } else { received };
        let expected = inflated.min(most);
        let place = server.intake.admit(account.map_or("", String::as_str), expected)?;
        let bytes = receive(&parts.headers, body, &server.config.limits).await?;
        Ok(Self { bytes, packed, media_type, place })
    }
}

impl Payload {
    /// The media type, if the client says.
    pub(crate) fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    /// Whether there is nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Reads the body as JSON of any media type that says so, or of none.
    pub(crate) async fn json<T: Send + 'static>(
        self,
        server: &State,
        max_bytes: usize,
        read: impl FnOnce(Value) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        if !self.media_type().is_none_or(is_json) {
            return Err(not_json());
        }
        let limits = server.config.limits.clone();
        let handed_over = self.bytes.len() > WORTH_HANDING_OVER;
        let turn = match &self.place {
            Some(place) => place.turn().await,
            None => None,
        };
        let work = move || {
            let _turn = turn;
            read(self.parse(max_bytes, &limits)?)
        };
        if handed_over { server.executor.run(work).await? } else { work() }
    }

    fn parse(self, max_bytes: usize, limits: &Limits) -> Result<Value, Failure> {
        let _place = self.place;
        let text = if self.packed { inflate(&self.bytes, limits)? } else { self.bytes };
        if text.len() > max_bytes {
            return Err(too_large(limits));
        }
        json::parse_value(&text, limits.body()).map_err(|fault| match fault {
            JsonFault::TooLarge(_) => too_large(limits),
            fault => details("body", fault.to_string()).into(),
        })
    }
}

/// A body of a stranger: small, plain, and read before anything is known of its sender.
pub(crate) struct SmallPayload(Vec<u8>);

impl FromRequest<Shared> for SmallPayload {
    type Rejection = Failure;

    async fn from_request(request: Request, server: &Shared) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let limits = Limits { max_body_bytes: MAX_SMALL, ..server.config.limits.clone() };
        if is_packed(&parts.headers)? {
            return Err(Failure::new(Code::UnsupportedEncoding, "bodies of accounts are not packed"));
        }
        let media_type = media_type(&parts.headers)?;
        if !media_type.as_deref().is_none_or(is_json) {
            return Err(not_json());
        }
        let bytes = receive(&parts.headers, body, &limits).await;
        Ok(Self(bytes?))
    }
}

impl SmallPayload {
    /// Whether there is nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the body as a JSON object.
    pub(crate) fn decoder(&self) -> Result<Decoder, Failure> {
        let bounds = Bounds { depth: 4, members: 64, bytes: MAX_SMALL };
        let body = json::parse_value(&self.0, bounds).map_err(|fault| details("body", fault.to_string()))?;
        Ok(Decoder::new(body, "body")?)
    }
}

fn is_json(media: &str) -> bool {
    media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"))
}

fn not_json() -> Failure {
    Failure::new(Code::UnsupportedMediaType, "the body must be application/json")
}

/// The failure of a request that is too large in any way.
pub(crate) fn too_large(limits: &Limits) -> Failure {
    Failure::new(Code::PayloadTooLarge, "the request is larger than the server takes").with("limits", limits)
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn receive(headers: &HeaderMap, mut body: Body, limits: &Limits) -> Result<Vec<u8>, Failure> {
    let announced = announced(headers);
    if announced.is_some_and(|length| length > limits.max_body_bytes) {
        return Err(too_large(limits));
    }
    let mut bytes = Vec::with_capacity(announced.unwrap_or(0));
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|_| Failure::from(details("body", "ended too early")))?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > limits.max_body_bytes {
                return Err(too_large(limits));
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}

fn is_packed(headers: &HeaderMap) -> Result<bool, Failure> {
    let mut packed = false;
    for value in headers.get_all(CONTENT_ENCODING) {
        for coding in value.to_str().unwrap_or("?").split(',').map(|coding| coding.trim().to_ascii_lowercase()) {
            match coding.as_str() {
                "" | "identity" => {}
                "gzip" | "x-gzip" if !packed => packed = true,
                _ => return Err(Failure::new(Code::UnsupportedEncoding, "bodies may be packed once, with gzip")),
            }
        }
    }
    Ok(packed)
}

fn media_type(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(None) };
    let text = value.to_str().map_err(|_| Failure::new(Code::UnsupportedMediaType, "the content type is not text"))?;
    Ok(Some(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()))
}

fn inflate(packed: &[u8], limits: &Limits) -> Result<Vec<u8>, Failure> {
    let most = limits.max_body_bytes.min(packed.len().saturating_mul(limits.max_inflate_ratio));
    let mut plain = Vec::with_capacity(most.min(packed.len().saturating_mul(4)));
    let decoder = MultiGzDecoder::new(packed);
    // One byte more than allowed tells a body that fills the limit from one that goes over it.
    let read = decoder.take(most as u64 + 1).read_to_end(&mut plain);
    if plain.len() > most {
        return Err(too_large(limits));
    }
    match read {
        Ok(_) => Ok(plain),
        Err(_) => Err(details("body", "is not gzip").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_bomb_is_refused_while_inflating() {
        let limits = Limits { max_body_bytes: 1 << 20, ..Limits::default() };
        let bomb = gzip(&vec![b'0'; 900_000]);
        assert!(bomb.len() < 2_000);
        assert_eq!(inflate(&bomb, &limits).unwrap_err().code(), Code::PayloadTooLarge);
        let noise: Vec<u8> = (0..2_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        assert_eq!(inflate(&gzip(&noise), &limits).unwrap_err().code(), Code::PayloadTooLarge);
        assert_eq!(inflate(&gzip(&noise[..500_000]), &limits).unwrap(), &noise[..500_000]);
    }

    #[test]
    fn body_that_is_not_gzip_is_refused() {
        let limits = Limits::default();
        let whole = gzip(b"{\"a\":1}");
        for broken in [&b""[..], b"{}", &whole[..whole.len() - 3], &[&whole[..], b"garbage"].concat()] {
            assert!(inflate(broken, &limits).is_err(), "{broken:?}");
        }
    }
}

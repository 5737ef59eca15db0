//! Compressed bodies, both ways, with a bound on what comes out.

use crate::error::{Error, ErrorCode, Result};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::io::{Read, Write};

/// A large body may not grow by more than this when it is decompressed: more is an attack, not JSON.
const MAX_RATIO: usize = 200;
/// Up to this size it may: a page of documents that are all alike is still a page.
const RATIO_FLOOR: usize = 8 << 20;
/// Servers take a body that shrinks by more than this for an attack; such a one goes as it is.
const MAX_SHRINK: usize = 50;

/// Smaller request bodies are not worth compressing.
const WORTH_IT: usize = 700;

/// A request body as it travels.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    pub bytes: Vec<u8>,
    /// The bytes are compressed.
    pub gzip: bool,
}

impl Packed {
    /// A body that is there at once.
    pub fn new(plain: Vec<u8>) -> Result<Self> {
        if plain.len() < WORTH_IT {
            return Ok(Self { bytes: plain, gzip: false });
        }
        Packing::begin(plain)?.finish(&[])
    }
}

/// A request body whose beginning is written and compressed before its end is known.
#[derive(Debug)]
pub(crate) struct Packing {
    plain: Vec<u8>,
    encoder: GzEncoder<Vec<u8>>,
}

impl Packing {
    pub fn begin(plain: Vec<u8>) -> Result<Self> {
        let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::new(6));
        encoder.write_all(&plain)?;
        Ok(Self { plain, encoder })
    }

    /// Adds the end. The body is compressed if that is worth it and no server will mistake it for an attack.
    pub fn finish(mut self, end: &[u8]) -> Result<Packed> {
        self.plain.extend_from_slice(end);
        self.encoder.write_all(end)?;
        let (plain, small) = (self.plain, self.encoder.finish()?);
        let worth_it = plain.len() >= WORTH_IT && small.len() < plain.len();
        let gzip = worth_it && plain.len() <= small.len().saturating_mul(MAX_SHRINK);
        Ok(Packed { bytes: if gzip { small } else { plain }, gzip })
    }
}

/// Decompresses a response body, at most to `limit` bytes.
///
/// # Errors
/// `RESPONSE_TOO_LARGE` beyond the limit or the ratio, `INVALID_RESPONSE` for a damaged stream.
pub(crate) fn decompress(body: &[u8], limit: usize) -> Result<Vec<u8>> {
    let limit = limit.min(body.len().saturating_mul(MAX_RATIO).max(RATIO_FLOOR));
    let mut inflated = Vec::with_capacity(body.len().saturating_mul(4).min(limit));
    GzDecoder::new(body).take(limit as u64 + 1).read_to_end(&mut inflated).map_err(|error| {
        Error::network(ErrorCode::InvalidResponse, format!("the compressed answer is damaged: {error}"))
    })?;
    if inflated.len() > limit {
        return Err(Error::network(ErrorCode::ResponseTooLarge, format!("the answer inflates beyond {limit} bytes")));
    }
    Ok(inflated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_come_back_whole_and_bombs_do_not() {
        let text: String = (0..5_000).map(|n| format!("offline first {n} ")).collect();
        let packed = |text: &str| Packed::new(text.as_bytes().to_vec()).unwrap();
        assert_eq!(decompress(&packed(&text).bytes, 1 << 20).unwrap(), text.as_bytes());
        assert!(!packed(&"x".repeat(100_000)).gzip && !packed(&text[..600]).gzip && packed(&text[..800]).gzip);
        let (beginning, end) = text.split_at(50_000);
        let in_parts = Packing::begin(beginning.into()).unwrap().finish(end.as_bytes()).unwrap();
        assert!(in_parts.gzip);
        assert_eq!(decompress(&in_parts.bytes, 1 << 20).unwrap(), text.as_bytes());

        let mut bomb = GzEncoder::new(Vec::new(), Compression::new(6));
        bomb.write_all(&vec![b' '; 64 << 20]).unwrap();
        let bomb = bomb.finish().unwrap();
        assert_eq!(decompress(&bomb, 32 << 20).unwrap_err().code(), ErrorCode::ResponseTooLarge);
        let cut = packed(&text).bytes;
        assert_eq!(decompress(&cut[..cut.len() - 9], 1 << 20).unwrap_err().code(), ErrorCode::InvalidResponse);
        assert_eq!(decompress(b"<html>", 1 << 20).unwrap_err().code(), ErrorCode::InvalidResponse);
    }
}

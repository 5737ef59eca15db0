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

/// Compresses a request body, if that is worth it and no server will mistake it for an attack.
pub(super) fn compress(body: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::new(6));
    encoder.write_all(body)?;
    let small = encoder.finish()?;
    Ok((small.len() < body.len() && body.len() <= small.len().saturating_mul(MAX_SHRINK)).then_some(small))
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
        assert_eq!(decompress(&compress(text.as_bytes()).unwrap().unwrap(), 1 << 20).unwrap(), text.as_bytes());
        assert_eq!(compress("x".repeat(100_000).as_bytes()).unwrap(), None);

        let mut bomb = GzEncoder::new(Vec::new(), Compression::new(6));
        bomb.write_all(&vec![b' '; 64 << 20]).unwrap();
        let bomb = bomb.finish().unwrap();
        assert_eq!(decompress(&bomb, 32 << 20).unwrap_err().code(), ErrorCode::ResponseTooLarge);
        let cut = compress(text.as_bytes()).unwrap().unwrap();
        assert_eq!(decompress(&cut[..cut.len() - 9], 1 << 20).unwrap_err().code(), ErrorCode::InvalidResponse);
        assert_eq!(decompress(b"<html>", 1 << 20).unwrap_err().code(), ErrorCode::InvalidResponse);
    }
}

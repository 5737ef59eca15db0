//! Compressed bodies, both ways, with a bound on what comes out.

use crate::error::{Error, ErrorCode, Result};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::io::{Read, Write};

/// A body may not grow by more than this when it is decompressed: more is an attack, not JSON.
const MAX_RATIO: usize = 200;
/// Below this the ratio says nothing.
const RATIO_FLOOR: usize = 1 << 20;

/// Compresses a request body.
pub(super) fn compress(body: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::new(6));
    encoder.write_all(body)?;
    Ok(encoder.finish()?)
}

/// Decompresses a response body, at most to `limit` bytes.
///
/// # Errors
/// `RESPONSE_TOO_LARGE` beyond the limit or the ratio, `INVALID_RESPONSE` for a damaged stream.
pub(super) fn decompress(body: &[u8], limit: usize) -> Result<Vec<u8>> {
    let limit = limit.min((body.len() * MAX_RATIO).max(RATIO_FLOOR));
    let mut inflated = Vec::with_capacity((body.len() * 4).min(limit));
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
        let text = "offline first ".repeat(1_000);
        assert_eq!(decompress(&compress(text.as_bytes()).unwrap(), 1 << 20).unwrap(), text.as_bytes());

        let bomb = compress(&vec![b' '; 64 << 20]).unwrap();
        assert_eq!(decompress(&bomb, 32 << 20).unwrap_err().code(), ErrorCode::ResponseTooLarge);
        let cut = compress(text.as_bytes()).unwrap();
        assert_eq!(decompress(&cut[..cut.len() - 9], 1 << 20).unwrap_err().code(), ErrorCode::InvalidResponse);
        assert_eq!(decompress(b"<html>", 1 << 20).unwrap_err().code(), ErrorCode::InvalidResponse);
    }
}

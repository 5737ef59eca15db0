//! What went over the wire, for tests to read.

use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::Read;

/// One request and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Path and query.
    pub path: String,
    /// The request's body; null if it is no JSON.
    pub request: Value,
    /// The answer's body; null if it is no JSON.
    pub reply: Value,
    /// Whether the answer was passed on to who had asked.
    pub delivered: bool,
}

impl Exchange {
    /// Reads the bodies of an exchange.
    pub fn new(path: &str, request: &[u8], reply: &[u8], delivered: bool) -> Self {
        let json = |body: &[u8]| serde_json::from_str(&text(body)).unwrap_or_default();
        Self { path: path.to_owned(), request: json(request), reply: json(reply), delivered }
    }
}

/// A body as text, inflated if need be.
pub fn text(body: &[u8]) -> String {
    let mut text = String::new();
    match GzDecoder::new(body).read_to_string(&mut text) {
        Ok(_) => text,
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    }
}

//! Documents as one JSON text, for one crossing: `[{"s":"synced","v":3,"d":{"id":"…",…}},…]`.

use holm_core::Document;
use std::fmt::Write;

/// One document with its status and version.
pub(crate) fn document(document: &Document) -> Vec<u8> {
    let mut text = String::with_capacity(document.body.len() + 96);
    push(&mut text, document);
    text.into_bytes()
}

/// A list of documents.
pub(crate) fn documents<'a>(documents: impl Iterator<Item = &'a Document> + Clone) -> Vec<u8> {
    let size = documents.clone().map(|document| document.body.len() + 96).sum::<usize>();
    let mut text = String::with_capacity(size + 2);
    text.push('[');
    for (index, document) in documents.enumerate() {
        if index > 0 {
            text.push(',');
        }
        push(&mut text, document);
    }
    text.push(']');
    text.into_bytes()
}

fn push(text: &mut String, document: &Document) {
    let _ = write!(text, "{{\"s\":\"{}\",\"v\":", document.status);
    match document.version {
        Some(version) => drop(write!(text, "{version}")),
        None => text.push_str("null"),
    }
    text.push_str(",\"d\":");
    document.push_text_with_id(text);
    text.push('}');
}

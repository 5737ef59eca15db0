//! JSON objects: as a tree where they are worked on, as text where they are only carried.
//!
//! Invariants:
//! - A [`Body`] is the text of a JSON object without the members that belong to the server (`id`, `version`, `_sync`).
//! - A body that an app wrote is within the limits of the server as this device knows them, and has no key twice: the server will not refuse
//!   it for its form or size.
//! - Text that came from the server is carried byte for byte; numbers keep their notation.

use crate::error::{Error, ErrorCode, Result};
use holm_protocol::json::{self, Bounds, JsonFault};
use holm_protocol::names::is_reserved_member;
use serde_json::{Map, Value};

pub use holm_protocol::json::RawFields;

/// The text of a document's JSON object.
pub type Body = String;
/// A document's fields as a tree.
pub type Fields = Map<String, Value>;

/// How much deeper a patch may be nested than the document that it changes: a field operation is an object with an array.
const OPERATOR_LEVELS: usize = 2;

/// Reads an app's document as text. Returns the text to store, and the member `id`, which is kept beside the document and not in it.
///
/// # Errors
/// `INVALID_DOCUMENT` for what is no object, has a key twice, is nested too deep, has too many members in one object, or has a member that
/// belongs to the server; `DOCUMENT_TOO_LARGE`.
pub(crate) fn read_body(text: &str, bounds: Bounds) -> Result<(Body, Option<String>)> {
    match json::scan_object(text, bounds) {
        Some(compact) => Ok((compact.body(), compact.id.map(str::to_owned))),
        None => read_any_body(text, bounds),
    }
}

/// [`read_body`] for what is not ordinary, or wrong.
fn read_any_body(text: &str, bounds: Bounds) -> Result<(Body, Option<String>)> {
    let checked = json::check_object(text, bounds).map_err(invalid_document)?;
    if let Some(name) = checked.reserved {
        return Err(reserved(&name));
    }
    let has_id = checked.id.is_some();
    let id = id_of(checked.id)?;
    let body = if has_id {
        let members: RawFields<'_> = serde_json::from_str(text).map_err(|e| Error::document(e.to_string()))?;
        members.text_without(|name| name == "id")
    } else {
        text.to_owned()
    };
    if body.len() <= checked.bytes {
        return Ok((body, id));
    }
    // Blanks and escapes would count on the wire: a request is measured as text.
    let (fields, _) = read_fields(text, bounds)?;
    Ok((serde_json::to_string(&fields).unwrap_or(body), id))
}

/// Reads an app's document as a tree; otherwise as [`read_body`].
///
/// # Errors
/// As [`read_body`].
pub(crate) fn read_fields(text: &str, bounds: Bounds) -> Result<(Fields, Option<String>)> {
    let (fields, id) = read(text, bounds)?;
    check_view(&fields, bounds)?;
    Ok((fields, id))
}

/// Reads an update: a merge patch with field operations. What it makes of the document is for [`check_view`].
///
/// # Errors
/// As [`read_body`].
pub(crate) fn read_patch(text: &str, bounds: Bounds) -> Result<(Fields, Option<String>)> {
    let room = Bounds { depth: bounds.depth.saturating_add(OPERATOR_LEVELS), ..bounds };
    let (fields, id) = read(text, room)?;
    check_view(&fields, room)?;
    Ok((fields, id))
}

/// Checks what a write makes of a document: depth, members and size count in what the user then sees, not only in the edit.
///
/// # Errors
/// `INVALID_DOCUMENT`, `DOCUMENT_TOO_LARGE`.
pub(crate) fn check_view(fields: &Fields, bounds: Bounds) -> Result<()> {
    json::check_fields(fields, bounds).map(drop).map_err(invalid_document)
}

fn read(text: &str, bounds: Bounds) -> Result<(Fields, Option<String>)> {
    // Blanks, and the member `id`, are no part of the document.
    let room = Bounds { bytes: usize::MAX, members: bounds.members.saturating_add(1), ..bounds };
    let mut fields = json::parse_object(text.as_bytes(), room).map_err(invalid_document)?;
    if let Some(name) = fields.keys().find(|name| is_reserved_member(name)) {
        return Err(reserved(name));
    }
    let id = id_of(fields.remove("id"))?;
    Ok((fields, id))
}

fn id_of(member: Option<Value>) -> Result<Option<String>> {
    match member {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) => Ok(Some(id)),
        Some(_) => Err(Error::document("\"id\" must be a string")),
    }
}

/// Checks that content does not say that it is another document.
///
/// # Errors
/// `INVALID_DOCUMENT`.
pub(crate) fn check_own_id(id: &str, own: Option<String>) -> Result<()> {
    match own.filter(|own| own != id) {
        Some(own) => Err(Error::document(format!("the id of {id:?} cannot be changed to {own:?}"))),
        None => Ok(()),
    }
}

fn reserved(name: &str) -> Error {
    Error::document(format!("{name:?} is reserved: the server keeps it"))
}

fn invalid_document(fault: JsonFault) -> Error {
    let code = match fault {
        JsonFault::TooLarge(_) => ErrorCode::DocumentTooLarge,
        _ => ErrorCode::InvalidDocument,
    };
    Error::invalid(code, format!("the document cannot be stored: {fault}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use holm_protocol::limits::Limits;
    use proptest::prelude::*;

    fn code(text: &str, bounds: Bounds) -> ErrorCode {
        let as_tree = read_fields(text, bounds).unwrap_err().code();
        assert_eq!(read_body(text, bounds).unwrap_err().code(), as_tree, "{text}");
        as_tree
    }

    fn json_like() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"id\"",
            "\"a\"",
            "\"b\"",
            "1",
            "-0",
            "-1",
            "1.5",
            "0.10",
            "0.05",
            "01",
            "1e5",
            "true",
            "null",
            "\"x\\n\"",
            "\"\\u0041\"",
            "\"\\/\"",
            "\"é\"",
            " ",
            "12345678901234567890",
            "\"version\"",
            "\"_sync\"",
            "{\"a\":1}",
            "\"id\":\"i\"",
            "\"id\":null",
            "\"a\":2",
            "\"b\":[1.0,100.0]",
            "\"c\":{\"c\":{}}",
            "{}",
            "[[]]",
        ]);
        prop::collection::vec(piece, 0..8).prop_flat_map(|pieces| {
            let texts = [format!("{{{}}}", pieces.concat()), format!("{{{}}}", pieces.join(",")), pieces.concat()];
            prop::sample::select(texts.to_vec())
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn a_scanned_document_is_the_one_that_is_read_the_long_way(
            text in json_like(), depth in 1usize..5, members in 0usize..5, bytes in 2usize..60,
        ) {
            let code = |read: Result<(Body, Option<String>)>| read.map_err(|error| error.code());
            for bounds in [Limits::default().record(), Bounds { depth, members, bytes }] {
                prop_assert_eq!(code(read_body(&text, bounds)), code(read_any_body(&text, bounds)));
            }
        }
    }

    #[test]
    fn the_id_is_taken_out_and_reserved_names_are_refused() {
        let bounds = Limits::default().record();
        for text in [r#"{"id":"a","title":"x"}"#, r#" {"title" : "x", "id":"a"} "#] {
            assert_eq!(read_body(text, bounds).unwrap(), (r#"{"title":"x"}"#.to_owned(), Some("a".to_owned())));
        }
        for bad in
            [r#"{"version":1}"#, r#"{"_sync":{}}"#, "[]", "1", "", r#"{"a":}"#, r#"{"id":5}"#, r#"{"a":"\ud800"}"#]
        {
            assert_eq!(code(bad, bounds), ErrorCode::InvalidDocument, "{bad}");
        }
    }

    #[test]
    fn core_a1_documents_the_server_refuses_are_invalid_here() {
        let bounds = Bounds { depth: 3, members: 2, bytes: 20 };
        for bad in [r#"{"a":1,"a":2}"#, r#"{"a":[[[]]]}"#, r#"{"a":1,"b":2,"c":3}"#] {
            assert_eq!(code(bad, bounds), ErrorCode::InvalidDocument, "{bad}");
        }
        assert_eq!(code(r#"{"a":"0123456789abc"}"#, bounds), ErrorCode::DocumentTooLarge);
        for good in [r#"{"a":[[]]}"#, r#"{"a":1,"b":2,"id":"x"}"#, r#"{"a":"0123456789ab"}"#] {
            assert!(read_body(good, bounds).is_ok() && read_fields(good, bounds).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_compact_text_is_stored_as_it_was_given() {
        let bounds = Limits::default().record();
        for text in [r#"{"b":1,"a":[1.0,100.0,"é"],"big":12345678901234567890}"#, "{}"] {
            assert_eq!(read_body(text, bounds).unwrap().0, text);
        }
        assert_eq!(read_body("{ \"a\" :\t\"\\u00e9\" }", bounds).unwrap().0, r#"{"a":"é"}"#);
    }
}

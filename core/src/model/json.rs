//! JSON objects: as a tree where they are worked on, as text where they are only carried.
//!
//! Invariants:
//! - A [`Body`] is the text of a JSON object without the members that belong to the server (`id`, `version`, `_sync`).
//! - Text that came from the server is carried byte for byte; numbers keep their notation.

use crate::error::{Error, Result};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;

/// The text of a document's JSON object.
pub type Body = String;
/// A document's fields as a tree.
pub type Fields = Map<String, Value>;

/// Names that an app's document cannot have at the top level: the protocol uses them.
const RESERVED: [&str; 2] = ["version", "_sync"];

/// Reads an app's document: a JSON object, without reserved members. A member `id` is taken out and returned, because the id is
/// kept beside the document and not in it.
pub fn parse_object(text: &str) -> Result<(Fields, Option<String>)> {
    let value: Value = serde_json::from_str(text).map_err(|e| Error::document(format!("not valid JSON: {e}")))?;
    let Value::Object(mut fields) = value else {
        return Err(Error::document("a document must be a JSON object"));
    };
    if let Some(name) = RESERVED.iter().find(|name| fields.contains_key(**name)) {
        return Err(Error::document(format!("{name:?} is reserved: the server keeps it")));
    }
    match fields.remove("id") {
        None | Some(Value::Null) => Ok((fields, None)),
        Some(Value::String(id)) => Ok((fields, Some(id))),
        Some(_) => Err(Error::document("\"id\" must be a string")),
    }
}

/// The members of a JSON object with their values still as text: enough to take some out and pass the rest on.
#[derive(Debug)]
pub struct RawFields<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> RawFields<'a> {
    /// The value of a member; the last one wins where a name is repeated.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// The object's text without the members for which `drop` says yes.
    pub fn text_without(&self, drop: impl Fn(&str) -> bool) -> Body {
        let size = self.0.iter().map(|(key, value)| key.len() + value.get().len() + 4).sum();
        let mut text = String::with_capacity(size);
        text.push('{');
        for (key, value) in self.0.iter().filter(|(key, _)| !drop(key)) {
            if text.len() > 1 {
                text.push(',');
            }
            push_json_string(&mut text, key);
            text.push(':');
            text.push_str(value.get());
        }
        text.push('}');
        text
    }
}

fn push_json_string(text: &mut String, key: &str) {
    if key.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        text.push('"');
        text.push_str(key);
        text.push('"');
    } else {
        text.push_str(&Value::from(key).to_string());
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawFields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RawFields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some(key) = map.next_key::<Key<'de>>()? {
                    members.push((key.0, map.next_value::<&'de RawValue>()?));
                }
                if members.len() > 10_000 {
                    return Err(A::Error::custom("too many members"));
                }
                Ok(RawFields(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A member's name: borrowed unless it has escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_taken_out_and_reserved_names_are_refused() {
        let (fields, id) = parse_object(r#"{"id":"a","title":"x"}"#).unwrap();
        assert_eq!((id.as_deref(), fields.len()), (Some("a"), 1));
        for bad in
            [r#"{"version":1}"#, r#"{"_sync":{}}"#, "[]", "1", "", r#"{"a":}"#, r#"{"id":5}"#, r#"{"a":"\ud800"}"#]
        {
            assert!(parse_object(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn text_passes_through_byte_for_byte() {
        let text = r#"{"id":"1","a":1.0e2,"b\n":[1, 2],"big":123456789012345678901234567890}"#;
        let fields: RawFields<'_> = serde_json::from_str(text).unwrap();
        assert_eq!(
            fields.text_without(|key| key == "id"),
            r#"{"a":1.0e2,"b\n":[1, 2],"big":123456789012345678901234567890}"#
        );
        assert_eq!(fields.get("id").unwrap().get(), "\"1\"");
    }
}

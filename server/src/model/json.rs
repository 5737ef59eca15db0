//! Reading JSON from strangers.
//!
//! Invariants of what [`parse_json`] returns:
//! - No object had a key twice: two readers of the same text cannot see two different values.
//! - It is not nested deeper than asked for, so recursion over it is bounded.
//! - It takes a bounded amount of memory: a tree of tiny objects is a hundred times the size of its text.

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::fmt;

/// Why a text was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonFault {
    /// Not JSON, or JSON that means different things to different readers.
    #[error("{0}")]
    Invalid(String),
    /// Too much of it.
    #[error("the document has too many values")]
    TooLarge,
}

/// What a tree may weigh in memory, as a multiple of the largest body.
const WEIGHT_PER_BYTE: usize = 16;
/// A value in an array or object, and what an object costs on top: its tree node has room for eleven entries.
const VALUE_WEIGHT: usize = size_of::<Value>() + size_of::<String>();
const OBJECT_WEIGHT: usize = 11 * VALUE_WEIGHT;

/// Reads one JSON text in UTF-8 that is at most `max_depth` deep. `max_bytes` is the size of the largest text that is ever read; it
/// bounds the memory of the result.
pub(crate) fn parse_json(text: &[u8], max_depth: usize, max_bytes: usize) -> Result<Value, JsonFault> {
    let budget = Cell::new(Some(max_bytes.saturating_mul(WEIGHT_PER_BYTE)));
    let mut scope = serde_json::Deserializer::from_slice(text);
    let value = Strict { levels: max_depth, budget: &budget }.deserialize(&mut scope);
    match value.and_then(|value| scope.end().map(|()| value)) {
        Ok(value) => Ok(value),
        Err(_) if budget.get().is_none() => Err(JsonFault::TooLarge),
        Err(error) => Err(JsonFault::Invalid(error.to_string())),
    }
}

/// How deep `value` is nested: 1 for a scalar.
pub(crate) fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(elements) => elements.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => None,
    };
    1 + inner.unwrap_or(0)
}

/// Appends `text` as a JSON string, quotes included.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    let plain = !text.bytes().any(|b| b < 0x20 || b == b'"' || b == b'\\');
    if plain {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        // Writing a string into memory cannot fail.
        let _ = serde_json::to_writer(out, text);
    }
}

#[derive(Clone, Copy)]
struct Strict<'b> {
    levels: usize,
    /// What the tree may still weigh; `None` once it was exceeded.
    budget: &'b Cell<Option<usize>>,
}

impl Strict<'_> {
    fn charge<E: Error>(&self, weight: usize) -> Result<(), E> {
        let left = self.budget.get().and_then(|left| left.checked_sub(weight));
        self.budget.set(left);
        left.map(|_| ()).ok_or_else(|| E::custom("too many values"))
    }

    fn inner<E: Error>(mut self) -> Result<Self, E> {
        self.levels =
            self.levels.checked_sub(1).filter(|left| *left > 0).ok_or_else(|| E::custom("nested too deeply"))?;
        Ok(self)
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(inner)? {
            self.charge(VALUE_WEIGHT)?;
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        self.charge(OBJECT_WEIGHT)?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            self.charge(VALUE_WEIGHT)?;
            let value = members.next_value_seed(inner)?;
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key:?} appears twice")));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn parse(text: &str) -> Result<Value, JsonFault> {
        parse_json(text.as_bytes(), 8, 1 << 20)
    }

    #[test]
    fn what_readers_could_understand_differently_is_refused() {
        for bad in [
            "",
            "{",
            "{} {}",
            "nul",
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"[{"a":1,"\u0061":2}]"#,
            "1e999",
            "-1e999",
            r#""\ud800""#,
            "[01]",
            "NaN",
            "\"\n\"",
            "[[[[[[[[1]]]]]]]]",
            "'a'",
            "[1,]",
        ] {
            assert!(matches!(parse(bad), Err(JsonFault::Invalid(_))), "{bad}");
        }
        assert!(parse_json(b"\"\xff\"", 8, 100).is_err());
        assert!(parse("[[[[[[[1]]]]]]]").is_ok());
    }

    #[test]
    fn small_text_that_needs_much_memory_is_refused() {
        let bomb = format!("[{}{{}}]", "{},".repeat(100_000));
        assert_eq!(parse_json(bomb.as_bytes(), 8, bomb.len()), Err(JsonFault::TooLarge));
        let bulky = json!([{"title": "x".repeat(1000), "tags": ["a", "b"]}]).to_string();
        assert!(parse_json(bulky.as_bytes(), 8, bulky.len()).is_ok());
    }

    #[test]
    fn keys_come_out_sorted_which_hashes_of_content_rely_on() {
        assert_eq!(parse(r#"{"b":1,"a":2}"#).unwrap().to_string(), r#"{"a":2,"b":1}"#);
    }

    #[test]
    fn numbers_come_back_as_they_were() {
        for text in
            ["9223372036854775807", "-9223372036854775808", "18446744073709551615", "-0.0", "1e308", "5e-324", "0.1"]
        {
            let value = parse(text).unwrap();
            assert_eq!(parse(&value.to_string()).unwrap(), value);
        }
        assert_eq!(parse("0.30000000000000004").unwrap().to_string(), "0.30000000000000004");
        assert_eq!(parse("-0.0").unwrap().as_f64().map(f64::is_sign_negative), Some(true));
    }

    proptest! {
        #[test]
        fn strings_are_written_as_serde_writes_them(text in "\\PC*|[\\x00-\\x7f]*") {
            let mut out = Vec::new();
            write_string(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }

        #[test]
        fn any_bytes_are_taken_or_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_json(&bytes, 8, 1000);
        }
    }
}

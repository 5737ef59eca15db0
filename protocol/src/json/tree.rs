//! Strict JSON as a tree.

use super::{Bounds, JsonFault};
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::{Cell, RefCell};
use std::fmt;

/// What a tree may weigh in memory, as a multiple of the largest text: a tree of tiny objects is a hundred times the size of its text.
const WEIGHT_PER_BYTE: usize = 16;
/// A value in an array or object, and what an object costs on top: its tree node has room for eleven entries.
const VALUE_WEIGHT: usize = size_of::<Value>() + size_of::<String>();
const OBJECT_WEIGHT: usize = 11 * VALUE_WEIGHT;

/// Reads one JSON value in UTF-8. `bounds.bytes` bounds the memory of the result (16 times as much), and the text itself.
///
/// # Errors
/// Any fault but `NotAnObject`.
pub fn parse_value(text: &[u8], bounds: Bounds) -> Result<Value, JsonFault> {
    if text.len() > bounds.bytes {
        return Err(JsonFault::TooLarge(bounds.bytes));
    }
    let guard =
        Guard { bounds, weight: Cell::new(bounds.bytes.saturating_mul(WEIGHT_PER_BYTE)), fault: RefCell::new(None) };
    let mut reader = serde_json::Deserializer::from_slice(text);
    // Depth is counted here, and bounded by `bounds`; serde_json's own limit of 128 stays on for calls with larger bounds.
    let value = Strict { levels: bounds.depth, guard: &guard }.deserialize(&mut reader);
    value.and_then(|value| reader.end().map(|()| value)).map_err(|error| guard.fault(&error))
}

/// Reads one JSON object. The size of the *object* is for the caller to check: its text may have blanks.
///
/// # Errors
/// Any fault.
pub fn parse_object(text: &[u8], bounds: Bounds) -> Result<Map<String, Value>, JsonFault> {
    match parse_value(text, bounds)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(JsonFault::NotAnObject),
    }
}

/// What one reading has used up, and the fault that ended it: serde's errors are texts.
pub(super) struct Guard {
    pub(super) bounds: Bounds,
    weight: Cell<usize>,
    fault: RefCell<Option<JsonFault>>,
}

impl Guard {
    pub(super) fn without_weight(bounds: Bounds) -> Self {
        Self { bounds, weight: Cell::new(usize::MAX), fault: RefCell::new(None) }
    }

    /// The fault behind an error of serde.
    pub(super) fn fault(&self, error: &serde_json::Error) -> JsonFault {
        self.fault.take().unwrap_or_else(|| JsonFault::Syntax(error.to_string()))
    }

    pub(super) fn refuse<E: Error>(&self, fault: JsonFault) -> E {
        let error = E::custom(&fault);
        self.fault.replace(Some(fault));
        error
    }

    /// One level further in.
    pub(super) fn enter<E: Error>(&self, levels: usize) -> Result<usize, E> {
        levels.checked_sub(1).ok_or_else(|| self.refuse(JsonFault::TooDeep(self.bounds.depth)))
    }

    pub(super) fn count<E: Error>(&self, members: usize) -> Result<(), E> {
        if members <= self.bounds.members {
            return Ok(());
        }
        Err(self.refuse(JsonFault::TooManyMembers(self.bounds.members)))
    }

    fn charge<E: Error>(&self, weight: usize) -> Result<(), E> {
        let left = self.weight.get().checked_sub(weight);
        self.weight.set(left.ok_or_else(|| self.refuse(JsonFault::TooLarge(self.bounds.bytes)))?);
        Ok(())
    }
}

#[derive(Clone, Copy)]
pub(super) struct Strict<'g> {
    pub(super) levels: usize,
    pub(super) guard: &'g Guard,
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
        let inner = Self { levels: self.guard.enter(self.levels)?, guard: self.guard };
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(inner)? {
            self.guard.charge(VALUE_WEIGHT)?;
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = Self { levels: self.guard.enter(self.levels)?, guard: self.guard };
        self.guard.charge(OBJECT_WEIGHT)?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            self.guard.charge(VALUE_WEIGHT)?;
            self.guard.count(object.len() + 1)?;
            if object.contains_key(&key) {
                return Err(self.guard.refuse(JsonFault::DuplicateKey(key)));
            }
            object.insert(key, members.next_value_seed(inner)?);
        }
        Ok(Value::Object(object))
    }
}

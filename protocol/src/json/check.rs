//! Checks a document's text without building a tree: what passes can be stored and sent as it is.

use super::raw_fields::Key;
use super::tree::{Guard, Strict};
use super::{Bounds, JsonFault, number_size, string_size};
use crate::names::is_reserved_member;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// What a text that passed the check has at its top level.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checked {
    /// The value of the member `id`, if there is one. It is not part of the document: it counts neither as member nor in `bytes`.
    pub id: Option<Value>,
    /// A member that belongs to the server, see [`is_reserved_member`]; the first one.
    pub reserved: Option<String>,
    /// The size of the document, see [`size`](super::size).
    pub bytes: usize,
}

/// Checks that `text` is one JSON object within `bounds`, strictly, in one pass and without a tree.
///
/// # Errors
/// Any fault. A reserved member and the type of `id` are not faults here: see [`Checked`].
pub fn check_object(text: &str, bounds: Bounds) -> Result<Checked, JsonFault> {
    let guard = Guard::without_weight(bounds);
    let mut reader = serde_json::Deserializer::from_str(text);
    let checked = Top(&guard).deserialize(&mut reader);
    let checked = checked.and_then(|checked| reader.end().map(|()| checked)).map_err(|error| guard.fault(&error))?;
    match checked {
        None => Err(JsonFault::NotAnObject),
        Some(checked) if checked.bytes > bounds.bytes => Err(JsonFault::TooLarge(bounds.bytes)),
        Some(checked) => Ok(checked),
    }
}

/// The keys of one object so far.
#[derive(Default)]
struct Keys<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    /// Up to this many keys are compared one by one.
    const FEW: usize = 16;

    fn insert<E: Error>(&mut self, key: Cow<'de, str>, guard: &Guard) -> Result<(), E> {
        let known = self.few.contains(&key) || self.many.contains(&key);
        if known {
            return Err(guard.refuse(JsonFault::DuplicateKey(key.into_owned())));
        }
        if self.few.len() < Self::FEW {
            self.few.push(key);
        } else {
            self.many.insert(key);
        }
        guard.count(self.few.len() + self.many.len())
    }
}

/// The top level; `None` for a value that is no object.
struct Top<'g>(&'g Guard);

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = Option<Checked>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = Option<Checked>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Self::Value, A::Error> {
        Strict { levels: self.0.bounds.depth, guard: self.0 }.visit_seq(elements).map(|_| None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let guard = self.0;
        let levels = guard.enter(guard.bounds.depth)?;
        let (mut keys, mut checked, mut first) = (Keys::default(), Checked { bytes: 2, ..Checked::default() }, true);
        while let Some(Key(key)) = members.next_key()? {
            if key == "id" {
                let value = members.next_value_seed(Strict { levels, guard })?;
                if checked.id.replace(value).is_some() {
                    return Err(guard.refuse(JsonFault::DuplicateKey(key.into_owned())));
                }
                continue;
            }
            if is_reserved_member(&key) && checked.reserved.is_none() {
                checked.reserved = Some(key.clone().into_owned());
            }
            checked.bytes += string_size(&key) + 1 + usize::from(!std::mem::take(&mut first));
            keys.insert(key, guard)?;
            checked.bytes += members.next_value_seed(Inner { levels, guard })?;
        }
        Ok(Some(checked))
    }
}

/// Any value below the top; gives its size.
#[derive(Clone, Copy)]
struct Inner<'g> {
    levels: usize,
    guard: &'g Guard,
}

impl<'de> DeserializeSeed<'de> for Inner<'_> {
    type Value = usize;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Inner<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<usize, E> {
        Ok(4)
    }

    fn visit_bool<E>(self, value: bool) -> Result<usize, E> {
        Ok(if value { 4 } else { 5 })
    }

    fn visit_i64<E>(self, value: i64) -> Result<usize, E> {
        Ok(number_size(&value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<usize, E> {
        Ok(number_size(&value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<usize, E> {
        Number::from_f64(value).map(|n| number_size(&n)).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, text: &str) -> Result<usize, E> {
        Ok(string_size(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<usize, A::Error> {
        let inner = Self { levels: self.guard.enter(self.levels)?, guard: self.guard };
        let (mut bytes, mut first) = (2, true);
        while let Some(element) = elements.next_element_seed(inner)? {
            bytes += element + usize::from(!std::mem::take(&mut first));
        }
        Ok(bytes)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<usize, A::Error> {
        let inner = Self { levels: self.guard.enter(self.levels)?, guard: self.guard };
        let (mut keys, mut bytes, mut first) = (Keys::default(), 2, true);
        while let Some(Key(key)) = members.next_key()? {
            bytes += string_size(&key) + 1 + usize::from(!std::mem::take(&mut first));
            keys.insert(key, self.guard)?;
            bytes += members.next_value_seed(inner)?;
        }
        Ok(bytes)
    }
}

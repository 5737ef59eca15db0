//! Decoding a document with its id in front, without making the text that has both.

use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::fmt;
use std::marker::PhantomData;

/// A JSON object whose first member is an `id` that its text does not have.
pub(super) struct WithId<'i, D> {
    pub id: &'i str,
    pub object: D,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for WithId<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.object.deserialize_map(IdFirst { id: self.id, visitor })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.object.deserialize_ignored_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        enum identifier
    }
}

struct IdFirst<'i, V> {
    id: &'i str,
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for IdFirst<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, rest: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Members { id: Some(self.id), value: None, rest })
    }
}

struct Members<'i, A> {
    id: Option<&'i str>,
    /// The id, once its name was given.
    value: Option<&'i str>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.id.take() {
            Some(id) => {
                self.value = Some(id);
                seed.deserialize("id".into_deserializer()).map(Some)
            }
            None => self.rest.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match self.value.take() {
            Some(id) => seed.deserialize(Id { id, error: PhantomData }),
            None => self.rest.next_value_seed(seed),
        }
    }
}

/// The id as a value.
struct Id<'i, E> {
    id: &'i str,
    error: PhantomData<E>,
}

impl<'de, E: Error> Deserializer<'de> for Id<'_, E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_str(self.id)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, E> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Document, SyncStatus};
    use serde::de::DeserializeOwned;
    use serde::{Deserialize, Serialize};
    use serde_json::value::RawValue;
    use serde_json::{Map, Value, json};
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Plain {
        id: String,
        n: i64,
        inner: Option<BTreeMap<String, Value>>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct NoId {
        n: i64,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Flat {
        id: String,
        #[serde(flatten)]
        rest: Map<String, Value>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Wrapped(Plain);

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Plain(Plain),
        Flat(Flat),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        A { id: String, n: i64 },
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum External {
        Id(String),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Name(String);

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Optional {
        id: Option<Name>,
        n: Option<i64>,
    }

    /// Whether this type needs no text.
    fn is_quick<T: DeserializeOwned>() -> bool {
        let document =
            Document { id: "a".into(), body: r#"{"n":1}"#.into(), status: SyncStatus::Synced, version: None };
        document.decode_members::<T>().is_ok()
    }

    /// The same as from the text that has the id.
    fn check<T: DeserializeOwned + Serialize>() {
        for body in [
            "{}",
            r#"{"n":1}"#,
            r#" { "n" : 1, "inner":{"a":[1,{"id":"other"}]} } "#,
            r#"{"n":1,"kind":"A"}"#,
            r#"{"n":1.5}"#,
            r#"{"n":"text"}"#,
            r#"{"n":1}x"#,
            "[]",
            "1",
            "",
        ] {
            let document = Document { id: "a\"b".into(), body: body.into(), status: SyncStatus::Synced, version: None };
            let expected = serde_json::from_str::<T>(&document.text_with_id()).ok().map(|value| json!(value));
            assert_eq!(document.decode::<T>().ok().map(|value| json!(value)), expected, "{body}");
        }
    }

    #[test]
    fn a_document_is_decoded_as_its_text_with_the_id_would_be() {
        check::<Plain>();
        check::<NoId>();
        check::<Flat>();
        check::<Wrapped>();
        check::<Untagged>();
        check::<Tagged>();
        check::<External>();
        check::<Option<Plain>>();
        check::<Value>();
        check::<Map<String, Value>>();
        check::<BTreeMap<String, Value>>();
        check::<Box<RawValue>>();
        check::<BTreeMap<String, Box<RawValue>>>();
        check::<Vec<i64>>();
        check::<i64>();
        check::<()>();
        check::<Optional>();
    }

    #[test]
    fn an_apps_types_are_decoded_without_the_text() {
        assert!(is_quick::<Plain>() && is_quick::<Flat>() && is_quick::<Wrapped>());
        assert!(is_quick::<Untagged>() && is_quick::<Optional>() && is_quick::<Option<Plain>>() && is_quick::<Value>());
        assert!(!is_quick::<Box<RawValue>>());
    }
}

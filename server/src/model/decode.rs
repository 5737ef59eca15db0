//! Taking a JSON object apart, with messages that name the member at fault.

use super::{Details, Fields};
use serde_json::Value;

/// The greatest number that every reader of JSON keeps exactly (RFC 7493, section 2.2).
pub(super) const MAX_COUNT: i64 = (1 << 53) - 1;

/// One fault, as `details` of a `VALIDATION_ERROR`.
pub(crate) fn details(key: impl Into<String>, fault: impl Into<String>) -> Details {
    Details::from([(key.into(), fault.into())])
}

/// An object whose members are taken out one by one. Null counts as absent. Members that are not taken are ignored, as the protocol demands.
pub(crate) struct Decoder(Fields);

impl Decoder {
    /// Starts with `value`, which must be an object; `what` names it if it is not.
    pub(crate) fn new(value: Value, what: &str) -> Result<Self, Details> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(details(what, "must be an object")),
        }
    }

    /// Any value.
    pub(crate) fn any(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key).filter(|value| !value.is_null())
    }

    /// Text.
    pub(crate) fn text(&mut self, key: &str) -> Result<Option<String>, Details> {
        self.typed(key, "must be text", |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        })
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&mut self, key: &str) -> Result<Option<i64>, Details> {
        let fault = "must be a whole number, not negative and below 2^53";
        self.typed(key, fault, |value| value.as_i64().filter(|n| (0..=MAX_COUNT).contains(n)))
    }

    /// `true` or `false`; absent is false.
    pub(crate) fn flag(&mut self, key: &str) -> Result<bool, Details> {
        self.typed(key, "must be true or false", |value| value.as_bool()).map(Option::unwrap_or_default)
    }

    /// An object.
    pub(crate) fn object(&mut self, key: &str) -> Result<Option<Fields>, Details> {
        self.typed(key, "must be an object", |value| match value {
            Value::Object(members) => Some(members),
            _ => None,
        })
    }

    /// A list.
    pub(crate) fn list(&mut self, key: &str) -> Result<Option<Vec<Value>>, Details> {
        self.typed(key, "must be a list", |value| match value {
            Value::Array(elements) => Some(elements),
            _ => None,
        })
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, Details> {
        let text = |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        };
        self.typed(key, "must be a list of texts", |value| match value {
            Value::Array(elements) => elements.into_iter().map(text).collect(),
            _ => None,
        })
    }

    /// The members that were not taken.
    pub(crate) fn rest(self) -> Fields {
        self.0
    }

    fn typed<T>(
        &mut self,
        key: &str,
        fault: &str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<Option<T>, Details> {
        self.any(key).map(|value| read(value).ok_or_else(|| details(key, fault))).transpose()
    }
}

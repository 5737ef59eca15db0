//! Rules of a collection.

use super::ConfigError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The rules of a collection without an entry.
pub(super) static DEFAULT: Collection = Collection {
    conflict: ConflictPolicy::Field,
    preconditions: Preconditions::Optional,
    deleted_key: None,
    priority: 1,
    id_assignment: IdAssignment::Client,
    fields: BTreeMap::new(),
};

/// Rules of a collection.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Collection {
    /// When a write that is based on an older version conflicts.
    pub conflict: ConflictPolicy,
    /// Whether a write must say which version it is based on.
    pub preconditions: Preconditions,
    /// The name of the list of deleted ids in delta replies. Absent: made from the collection's name.
    #[serde(alias = "deletedKey")]
    pub deleted_key: Option<String>,
    /// Which streams fill a reply first: 0 before 3.
    pub priority: u8,
    /// Who chooses the ids of new records.
    #[serde(alias = "idAssignment")]
    pub id_assignment: IdAssignment,
    /// Rules of top-level fields. A field without an entry may hold anything.
    pub fields: BTreeMap<String, FieldRule>,
}

impl Default for Collection {
    fn default() -> Self {
        DEFAULT.clone()
    }
}

/// When a write that is based on an older version conflicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ConflictPolicy {
    /// If a top-level field that it changes was changed since.
    #[default]
    Field,
    /// Always.
    Record,
}

/// Whether a write must say which version it is based on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Preconditions {
    /// It may leave that out and is then applied to what is there.
    #[default]
    Optional,
    /// It must, or is refused with `PRECONDITION_REQUIRED`.
    Required,
}

/// Who chooses the ids of new records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IdAssignment {
    /// The device: its `clientId` is the record's id.
    #[default]
    Client,
    /// The server: the `clientId` is remembered, so that a repeated create finds its record.
    Server,
}

/// A rule of one top-level field. Published by `GET /v1/sync/config`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, rename_all(serialize = "camelCase"))]
pub struct FieldRule {
    /// The field must be there and must not be null.
    pub required: bool,
    /// The type of the value. Null passes where the field is not required.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<FieldType>,
    /// The most characters of a string, or elements of an array.
    #[serde(alias = "maxLength", skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// The only values that are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Vec<Value>>,
    /// The value that a record is created with is never changed.
    #[serde(alias = "readOnly")]
    pub read_only: bool,
    /// The value that a record gets that is created without the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

/// The types of JSON, with whole numbers told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// Text.
    String,
    /// Any number.
    Number,
    /// A number without a fraction.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// An object.
    Object,
    /// An array.
    Array,
}

impl FieldType {
    /// Whether `value` is of this type.
    pub(crate) fn admits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Number => value.is_number(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Boolean => value.is_boolean(),
            Self::Object => value.is_object(),
            Self::Array => value.is_array(),
        }
    }

    /// The name in configuration and messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Object => "object",
            Self::Array => "array",
        }
    }
}

impl FieldRule {
    /// Why `value` may not stand in the field, if it may not.
    pub(crate) fn fault(&self, value: &Value) -> Option<String> {
        if value.is_null() {
            return self.required.then(|| "is required".to_owned());
        }
        if let Some(kind) = self.kind
            && !kind.admits(value)
        {
            return Some(format!("must be of type {}", kind.name()));
        }
        let length = match value {
            Value::String(text) => text.chars().count(),
            Value::Array(elements) => elements.len(),
            _ => 0,
        };
        if let Some(most) = self.max_length
            && length > most
        {
            return Some(format!("may have at most {most}, has {length}"));
        }
        match &self.allowed {
            Some(allowed) if !allowed.contains(value) => Some("is not one of the allowed values".to_owned()),
            _ => None,
        }
    }
}

/// What stands beside a collection's deleted ids on the wire.
const WIRE_MEMBERS: [&str; 9] =
    ["changes", "collection", "cursors", "hasMore", "integrity", "meta", "space", "syncMetadata", "tombstones"];

impl Collection {
    pub(super) fn validate(&self, key: &str) -> Result<(), ConfigError> {
        super::within(&format!("{key}.priority"), self.priority, 0..=3)?;
        match self.deleted_key.as_deref() {
            Some("") => return Err(ConfigError::value(format!("{key}.deleted_key"), "must not be empty")),
            Some(name) if WIRE_MEMBERS.contains(&name) => {
                return Err(ConfigError::value(format!("{key}.deleted_key"), "is a member of the protocol"));
            }
            _ => {}
        }
        for (name, rule) in &self.fields {
            let key = format!("{key}.fields.{name}");
            if matches!(name.as_str(), "id" | "version" | "_sync") {
                return Err(ConfigError::value(key, "belongs to the server"));
            }
            let counted = matches!(rule.kind, None | Some(FieldType::String | FieldType::Array));
            if rule.max_length.is_some() && !counted {
                return Err(ConfigError::value(format!("{key}.max_length"), "needs a string or an array"));
            }
            if let Some(fault) = rule.default.as_ref().and_then(|value| rule.fault(value)) {
                return Err(ConfigError::value(format!("{key}.default"), fault));
            }
        }
        Ok(())
    }
}

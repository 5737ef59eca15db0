//! The text of changes, without making trees of them.
//!
//! Invariant: it is the text of what [`Changes::to_field_ops`] and [`FieldOp::encode`](super::FieldOp::encode) give, or
//! [`Changes::to_merge_patch`].

use super::{Changes, Edit, Stamp};
use crate::json::push_json_string;
use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};
use serde_json::{Number, Value};
use std::fmt::Write;

/// A field operation, its members in the order in which a tree would print them.
#[derive(Serialize)]
struct Travelling<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hlc: Option<&'a str>,
    op: &'static str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<&'a [Value]>,
}

impl Changes {
    /// The changes as the JSON text of a list of field operations; otherwise as [`to_field_ops`](Self::to_field_ops).
    pub fn field_ops_text(&self, default: Stamp, text: impl Fn(Stamp) -> String) -> String {
        let mut out = Vec::with_capacity(256);
        let mut writer = serde_json::Serializer::new(&mut out);
        // JSON values, written into memory: neither can fail.
        let _ = write(self, default, text, &mut writer);
        String::from_utf8(out).unwrap_or_default()
    }

    /// How many bytes [`field_ops_text`](Self::field_ops_text) has.
    pub fn field_ops_bytes(&self, default: Stamp, text: impl Fn(Stamp) -> String) -> usize {
        let mut count = Count(0);
        let _ = write(self, default, text, &mut serde_json::Serializer::new(&mut count));
        count.0
    }

    /// The JSON text of [`to_merge_patch`](Self::to_merge_patch).
    pub fn merge_patch_text(&self, default: Stamp) -> Option<String> {
        let mut text = String::with_capacity(128);
        for (path, change) in self.iter() {
            let value = match &change.edit {
                Edit::Set(value) if !matches!(value, Value::Null | Value::Object(_)) => value,
                Edit::Unset => &Value::Null,
                _ => return self.printed_merge_patch(default),
            };
            if path.names().len() > 1 || change.stamp != default {
                return self.printed_merge_patch(default);
            }
            text.push(if text.is_empty() { '{' } else { ',' });
            push_json_string(&mut text, path.top());
            text.push(':');
            match value {
                Value::String(value) => push_json_string(&mut text, value),
                // Text into memory cannot fail.
                value => drop(write!(text, "{value}")),
            }
        }
        text.push_str(if text.is_empty() { "{}" } else { "}" });
        Some(text)
    }

    fn printed_merge_patch(&self, default: Stamp) -> Option<String> {
        serde_json::to_string(&self.to_merge_patch(default)?).ok()
    }
}

/// Counts bytes that are written.
struct Count(usize);

impl std::io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn write<S>(changes: &Changes, default: Stamp, text: impl Fn(Stamp) -> String, writer: S) -> Result<S::Ok, S::Error>
where
    S: Serializer,
{
    let mut list = writer.serialize_seq(None)?;
    for (path, change) in changes.iter() {
        let hlc = (change.stamp != default).then(|| text(change.stamp));
        let path = path.to_string();
        let op = |op| Travelling { by: None, hlc: hlc.as_deref(), op, path: &path, value: None, values: None };
        match &change.edit {
            Edit::Set(value) => list.serialize_element(&Travelling { value: Some(value), ..op("set") })?,
            Edit::Unset => list.serialize_element(&op("remove"))?,
            Edit::Clear => {
                list.serialize_element(&Travelling { value: Some(&Value::Null), ..op("set") })?;
                list.serialize_element(&op("remove"))?;
            }
            Edit::Inc(by) => list.serialize_element(&Travelling { by: Some(by), ..op("inc") })?,
            Edit::EditSet { add, remove } => {
                if !remove.is_empty() {
                    list.serialize_element(&Travelling { values: Some(remove), ..op("removeFromSet") })?;
                }
                if !add.is_empty() || remove.is_empty() {
                    list.serialize_element(&Travelling { values: Some(add), ..op("addToSet") })?;
                }
            }
        }
    }
    list.end()
}

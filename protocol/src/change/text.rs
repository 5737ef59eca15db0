//! The text of field operations, without making trees of them.
//!
//! Invariant: it is the text of what [`Changes::to_field_ops`] and [`FieldOp::encode`](super::FieldOp::encode) give.

use super::{Changes, Edit, Stamp};
use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};
use serde_json::{Number, Value};

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

//! Field operations: edits as they travel, `{"op":"set","path":"/a/b","value":1,"hlc":"…"}`.
//!
//! | `op` | also | edit |
//! |---|---|---|
//! | `set` | `value` | [`Edit::Set`]; `null` is a value |
//! | `remove` | | [`Edit::Unset`]; behind a `set` of the same path, [`Edit::Clear`] |
//! | `inc` | `by`: a number | [`Edit::Inc`] |
//! | `addToSet`, `removeFromSet` | `values`: an array | [`Edit::EditSet`] |
//!
//! `hlc` is the stamp of this edit if it differs from that of its operation. Operations of one write are applied in their order.

use super::{ChangeError, Edit, Fields, Path};
use serde_json::{Map, Value};

/// One edit as it travels.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldOp {
    /// Where.
    pub path: Path,
    /// What. A set edit of the wire either adds or removes.
    pub edit: Edit,
    /// The text of the stamp of this edit. `None` if it is that of the operation.
    pub hlc: Option<String>,
}

impl FieldOp {
    /// Reads a field operation. Members that it does not know are ignored.
    ///
    /// # Errors
    /// For an unknown `op`, a missing or mistyped member, or a path that no write may change.
    pub fn decode(value: Value) -> Result<Self, ChangeError> {
        let Value::Object(mut op) = value else {
            return Err(ChangeError::invalid("fieldOps", "must hold objects"));
        };
        let path = Path::of_edit(&text(&mut op, "path")?.unwrap_or_default())?;
        let name = text(&mut op, "op")?.unwrap_or_default();
        let edit = match name.as_str() {
            "set" => Edit::Set(op.remove("value").ok_or_else(|| ChangeError::invalid("value", "is missing"))?),
            "remove" => Edit::Unset,
            "inc" => match op.remove("by") {
                Some(Value::Number(by)) => Edit::Inc(by),
                _ => return Err(ChangeError::invalid("by", "must be a number")),
            },
            "addToSet" => Edit::EditSet { add: values(&mut op)?, remove: Vec::new() },
            "removeFromSet" => Edit::EditSet { add: Vec::new(), remove: values(&mut op)? },
            _ => return Err(ChangeError::invalid("op", "must be set, remove, inc, addToSet or removeFromSet")),
        };
        Ok(Self { path, edit, hlc: text(&mut op, "hlc")? })
    }

    /// The field operation as JSON.
    pub fn encode(self) -> Value {
        let mut op = Map::new();
        let name = match self.edit {
            Edit::Set(value) => {
                op.insert("value".into(), value);
                "set"
            }
            Edit::Unset | Edit::Clear => "remove",
            Edit::Inc(by) => {
                op.insert("by".into(), Value::Number(by));
                "inc"
            }
            Edit::EditSet { add, remove } if remove.is_empty() => {
                op.insert("values".into(), Value::Array(add));
                "addToSet"
            }
            Edit::EditSet { remove, .. } => {
                op.insert("values".into(), Value::Array(remove));
                "removeFromSet"
            }
        };
        op.insert("op".into(), Value::from(name));
        op.insert("path".into(), Value::from(self.path.to_string()));
        if let Some(hlc) = self.hlc {
            op.insert("hlc".into(), Value::from(hlc));
        }
        Value::Object(op)
    }

    /// Makes the edit.
    pub fn apply(&self, fields: &mut Fields) {
        self.edit.apply(fields, &self.path);
    }

    /// The edits of the wire that together do what `edit` does: a set edit that removes and adds becomes two, in this order.
    pub(super) fn edits(edit: &Edit) -> Vec<Edit> {
        match edit {
            Edit::Clear => vec![Edit::Set(Value::Null), Edit::Unset],
            Edit::EditSet { add, remove } if !add.is_empty() && !remove.is_empty() => vec![
                Edit::EditSet { add: Vec::new(), remove: remove.clone() },
                Edit::EditSet { add: add.clone(), remove: Vec::new() },
            ],
            edit => vec![edit.clone()],
        }
    }
}

fn text(op: &mut Map<String, Value>, name: &str) -> Result<Option<String>, ChangeError> {
    match op.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ChangeError::invalid(name, "must be a text")),
    }
}

fn values(op: &mut Map<String, Value>) -> Result<Vec<Value>, ChangeError> {
    match op.remove("values") {
        Some(Value::Array(values)) => Ok(values),
        _ => Err(ChangeError::invalid("values", "must be an array")),
    }
}

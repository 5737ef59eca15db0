//! Conditions.

use super::path::FieldPath;
use crate::error::{Error, Result};
use serde_json::Value;

/// Deepest nesting of `and`, `or`, `not`.
const MAX_DEPTH: usize = 16;
/// Most conditions of a query, `and`, `or` and `not` not counted.
const MAX_CONDITIONS: usize = 1_000;
/// Most values that all conditions of a query together compare with. SQLite takes 32,766 and a condition binds a value at most
/// twice, a prefix of the id four times.
const MAX_VALUES: usize = 10_000;

/// A condition on a document. Numbers compare with numbers and texts with texts; a value of another kind is neither less nor greater.
/// `true` and `false` compare as 1 and 0. An id that is a UUID is greater than one that is none.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// The field has this value. With `null`: as [`Filter::IsNull`].
    Eq(FieldPath, Value),
    /// The field has another value, or none.
    Ne(FieldPath, Value),
    /// The field is less.
    Lt(FieldPath, Value),
    /// The field is less or the same.
    Lte(FieldPath, Value),
    /// The field is greater.
    Gt(FieldPath, Value),
    /// The field is greater or the same.
    Gte(FieldPath, Value),
    /// The field has one of these values.
    In(FieldPath, Vec<Value>),
    /// An array field has a member with this value and type (`1` is neither `true` nor `"1"`), or a text field has this part (case matters).
    Contains(FieldPath, Value),
    /// The field is `null` or missing.
    IsNull(FieldPath),
    /// A text field begins so (case matters).
    Prefix(FieldPath, String),
    /// All of them; of none: true.
    And(Vec<Filter>),
    /// One of them at least; of none: false.
    Or(Vec<Filter>),
    /// Not so.
    Not(Box<Filter>),
}

impl Filter {
    /// Reads a condition from JSON, see [`Query::parse`](super::Query::parse).
    ///
    /// # Errors
    /// `INVALID_QUERY` or `INVALID_NAME`.
    pub fn parse(json: &Value) -> Result<Self> {
        let filter = Self::parse_at(json, 0)?;
        filter.check_limits()?;
        Ok(filter)
    }

    /// Checks depth, number of conditions and number of values.
    ///
    /// # Errors
    /// `INVALID_QUERY`; the message names the limit.
    pub(super) fn check_limits(&self) -> Result<()> {
        let (mut conditions, mut values) = (0, 0);
        self.count_at(0, &mut conditions, &mut values)
    }

    fn count_at(&self, depth: usize, conditions: &mut usize, values: &mut usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        match self {
            Self::And(all) | Self::Or(all) => {
                return all.iter().try_for_each(|one| one.count_at(depth + 1, conditions, values));
            }
            Self::Not(one) => return one.count_at(depth + 1, conditions, values),
            Self::In(_, all) => *values += all.len(),
            _ => *values += 1,
        }
        *conditions += 1;
        if *conditions > MAX_CONDITIONS {
            return Err(Error::query(format!("more than {MAX_CONDITIONS} conditions")));
        }
        if *values > MAX_VALUES {
            return Err(Error::query(format!("more than {MAX_VALUES} values")));
        }
        Ok(())
    }

    fn parse_at(json: &Value, depth: usize) -> Result<Self> {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        let Some((name, operand)) = json.as_object().filter(|o| o.len() == 1).and_then(|o| o.iter().next()) else {
            return Err(Error::query(
                "a condition must be an object with one member, such as {\"eq\":[\"path\",value]}",
            ));
        };
        let list = |operand: &Value| -> Result<Vec<Self>> {
            let all = operand.as_array().ok_or_else(|| Error::query(format!("{name:?} needs a list of conditions")))?;
            all.iter().map(|one| Self::parse_at(one, depth + 1)).collect()
        };
        match name.as_str() {
            "and" => Ok(Self::And(list(operand)?)),
            "or" => Ok(Self::Or(list(operand)?)),
            "not" => Ok(Self::Not(Box::new(Self::parse_at(operand, depth + 1)?))),
            "isNull" => {
                let path = operand.as_str().ok_or_else(|| Error::query("\"isNull\" needs a path"))?;
                Ok(Self::IsNull(FieldPath::new(path)?))
            }
            _ => Self::comparison(name, operand),
        }
    }

    fn comparison(name: &str, operand: &Value) -> Result<Self> {
        let Some([Value::String(path), value]) = operand.as_array().map(Vec::as_slice) else {
            return Err(Error::query(format!("{name:?} needs [\"path\", value]")));
        };
        let path = FieldPath::new(path)?;
        let scalar = |value: &Value| -> Result<Value> {
            match value {
                Value::Array(_) | Value::Object(_) => {
                    Err(Error::query(format!("{name:?} compares with a single value only")))
                }
                value => Ok(value.clone()),
            }
        };
        match name {
            "eq" => Ok(Self::Eq(path, scalar(value)?)),
            "ne" => Ok(Self::Ne(path, scalar(value)?)),
            "lt" => Ok(Self::Lt(path, scalar(value)?)),
            "lte" => Ok(Self::Lte(path, scalar(value)?)),
            "gt" => Ok(Self::Gt(path, scalar(value)?)),
            "gte" => Ok(Self::Gte(path, scalar(value)?)),
            "contains" => Ok(Self::Contains(path, scalar(value)?)),
            "in" => {
                let all = value.as_array().ok_or_else(|| Error::query("\"in\" needs [\"path\", [values]]"))?;
                Ok(Self::In(path, all.iter().map(scalar).collect::<Result<_>>()?))
            }
            "prefix" => match value {
                Value::String(text) => Ok(Self::Prefix(path, text.clone())),
                _ => Err(Error::query("\"prefix\" needs a text")),
            },
            _ => Err(Error::query(format!("{name:?} is no condition"))),
        }
    }
}

fn too_deep() -> Error {
    Error::query(format!("the condition is nested more than {MAX_DEPTH} deep"))
}

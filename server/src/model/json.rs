//! Measuring JSON.

use serde_json::Value;

/// How deep `value` is nested: 0 for a scalar, 1 for an object or array of scalars.
pub(crate) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

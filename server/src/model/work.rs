//! What one write may cost.
//!
//! Invariant: applying a write takes time and memory in proportion to its own size and to the size of a record, whatever its edits are. Edits
//! that look at much for few bytes (a set edit looks at all members, a copy copies) pay for what they look at.

use super::{Details, details};
use holm_protocol::json::Bounds;
use serde_json::{Map, Value};

/// How many times a write may look at as many bytes as a record may have.
const RECORDS: usize = 64;
/// How many times as many bytes as a record may have the paths of all its members may have together.
const PATHS: usize = 16;

/// The bytes that a write may still look at.
#[derive(Debug)]
pub(super) struct Work {
    left: usize,
    bounds: Bounds,
}

impl Work {
    /// For one write of a record within `bounds`.
    pub(super) fn of(bounds: Bounds) -> Self {
        Self { left: bounds.bytes.saturating_mul(RECORDS), bounds }
    }

    /// Looks at so many bytes.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), Details> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(details("operations", "take more work than one write may; divide them")),
        }
    }

    /// Looks at a value that will stand `above` levels deep; returns its size. Refuses one that would be nested too deep.
    pub(super) fn look_at(&mut self, value: &Value, above: usize) -> Result<usize, Details> {
        let levels = self.bounds.depth.saturating_sub(above);
        let bytes = measure(value, levels).ok_or_else(|| self.too_deep())?;
        self.spend(bytes)?;
        Ok(bytes)
    }

    /// The fault of a record that would be nested too deep.
    pub(super) fn too_deep(&self) -> Details {
        details("path", format!("leads more than {} levels deep", self.bounds.depth))
    }

    /// Refuses members that stand below names so long that their paths together are much larger than a record.
    pub(super) fn walk(&mut self, fields: &Map<String, Value>) -> Result<(), Details> {
        let bytes = paths(fields, 0);
        if bytes > self.bounds.bytes.saturating_mul(PATHS) {
            return Err(details("data", "the names of its nested members are too long together"));
        }
        self.spend(bytes)
    }
}

/// Refuses a record whose members stand below names so long that nothing could name all their paths.
pub(crate) fn check_paths(fields: &Map<String, Value>, bounds: Bounds) -> Result<(), Details> {
    Work::of(bounds).walk(fields)
}

/// About the bytes of a value as JSON. `None` if it is nested deeper than `levels`.
fn measure(value: &Value, levels: usize) -> Option<usize> {
    Some(match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 8,
        Value::Array(elements) => {
            let below = levels.checked_sub(1)?;
            elements.iter().try_fold(8, |bytes, element| Some(bytes + measure(element, below)?))?
        }
        Value::Object(members) => {
            let below = levels.checked_sub(1)?;
            members.iter().try_fold(8, |bytes, (name, value)| Some(bytes + name.len() + measure(value, below)?))?
        }
    })
}

/// The bytes of the paths of all members.
fn paths(members: &Map<String, Value>, above: usize) -> usize {
    let mut bytes = 0usize;
    for (name, value) in members {
        let path = above + name.len() + 1;
        bytes = bytes.saturating_add(path);
        if let Value::Object(members) = value {
            bytes = bytes.saturating_add(paths(members, path));
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn work_ends_and_depth_counts_from_the_top() {
        let mut work = Work::of(Bounds { depth: 3, members: 9, bytes: 10 });
        assert_eq!(work.look_at(&json!([["abc"]]), 1), Ok(27));
        assert!(work.look_at(&json!([["abc"]]), 2).is_err());
        assert!(work.spend(613).is_ok());
        assert!(work.spend(1).is_err());
    }

    #[test]
    fn paths_count_every_name_on_their_way() {
        assert_eq!(paths(json!({"ab":{"c":1,"d":{"e":2}},"f":[{"g":1}]}).as_object().unwrap(), 0), 3 + 5 + 5 + 7 + 2);
    }
}

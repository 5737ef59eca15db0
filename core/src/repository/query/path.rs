//! Paths to fields.

use crate::error::{Error, ErrorCode, Result};
use std::fmt;

/// A path to a field: names joined by dots (`address.city`). `id` is the document's id. A name may hold anything but dots, quotes, backslashes
/// and control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(String);

impl FieldPath {
    /// Checks and takes a path.
    ///
    /// # Errors
    /// `INVALID_NAME`.
    pub fn new(path: &str) -> Result<Self> {
        let fine = |name: &str| {
            !name.is_empty() && !name.chars().any(|c| c.is_control() || matches!(c, '"' | '\'' | '\\' | '[' | ']'))
        };
        if path.len() <= 255 && path.split('.').all(fine) && path.split('.').count() <= 8 {
            return Ok(Self(path.to_owned()));
        }
        let shown: String = path.chars().take(60).collect();
        Err(Error::invalid(ErrorCode::InvalidName, format!("{shown:?} is no field path")))
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SQL expression for the field's value, in a query with `d` for the documents.
    pub(super) fn sql(&self) -> String {
        if self.0 == "id" { "d.id".to_owned() } else { format!("json_extract(d.body, '{}')", self.json_path()) }
    }

    /// The same expression in an index: the planner knows it again.
    pub(super) fn index_sql(&self) -> String {
        if self.0 == "id" { "id".to_owned() } else { format!("json_extract(body, '{}')", self.json_path()) }
    }

    /// The SQL expression for the kind of the field's value (`'array'`, `'text'`, …; NULL: missing).
    pub(super) fn sql_type(&self) -> String {
        if self.0 == "id" { "'text'".to_owned() } else { format!("json_type(d.body, '{}')", self.json_path()) }
    }

    pub(super) fn json_path(&self) -> String {
        self.0.split('.').fold("$".to_owned(), |path, name| format!("{path}.\"{name}\""))
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

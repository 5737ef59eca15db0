//! Paths to fields.
//!
//! Invariant: a path's names can stand inside an SQL text only as [`FieldPath::json_path`] quotes them.

use crate::error::{Error, ErrorCode, Result};
use crate::store::doc_id;
use std::fmt;

/// Most names in a path.
const MAX_NAMES: usize = 8;
/// Most bytes of a path's text.
const MAX_BYTES: usize = 255;
/// Characters that a name holds only behind a backslash.
const ESCAPED: [char; 7] = ['.', '\\', '"', '\'', '[', ']', '$'];

/// A path to a field: at most 8 names joined by dots (`address.city`), at most 255 bytes. `id` is the document's id.
///
/// A backslash before one of `. \ " ' [ ] $` makes the character part of the name: `a\.b` is the field named `a.b`. Of these only `$` may stand
/// without a backslash. A name is not empty and has no control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath {
    text: String,
    names: Vec<String>,
}

impl FieldPath {
    /// Checks and takes a path.
    ///
    /// # Errors
    /// `INVALID_NAME`.
    pub fn new(path: &str) -> Result<Self> {
        let names = if path.len() <= MAX_BYTES { split(path) } else { None };
        match names {
            Some(names) if names.len() <= MAX_NAMES => Ok(Self { text: path.to_owned(), names }),
            _ => {
                let shown: String = path.chars().take(60).collect();
                Err(Error::invalid(ErrorCode::InvalidName, format!("{shown:?} is no field path")))
            }
        }
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names on the way to the field, without backslashes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Whether this is the document's id.
    pub(super) fn is_id(&self) -> bool {
        self.text == "id"
    }

    /// The SQL expression for the field's value, in a query with `d` for the documents. An id is as it is stored ([`doc_id`]).
    pub(super) fn sql(&self) -> String {
        if self.is_id() { "d.id".to_owned() } else { format!("json_extract(d.body, {})", self.json_path()) }
    }

    /// The same, where an id is its text. No index helps.
    pub(super) fn text_sql(&self) -> String {
        if self.is_id() { doc_id::text_of("d.id") } else { self.sql() }
    }

    /// The same expression in an index: the planner knows it again.
    pub(super) fn index_sql(&self) -> String {
        if self.is_id() { "id".to_owned() } else { format!("json_extract(body, {})", self.json_path()) }
    }

    /// The SQL expression for the kind of the field's value (`'array'`, `'text'`, …; NULL if it is missing).
    pub(super) fn sql_type(&self) -> String {
        if self.is_id() { "'text'".to_owned() } else { format!("json_type(d.body, {})", self.json_path()) }
    }

    /// The path as an SQL literal in SQLite's notation: `'$."address"."city"'`.
    pub(super) fn json_path(&self) -> String {
        let mut path = "'$".to_owned();
        for name in &self.names {
            path.push_str(".\"");
            for c in name.chars() {
                match c {
                    '"' | '\\' => path.extend(['\\', c]),
                    '\'' => path.push_str("''"),
                    c => path.push(c),
                }
            }
            path.push('"');
        }
        path + "'"
    }
}

/// The names of a path; `None` if it is no path.
fn split(path: &str) -> Option<Vec<String>> {
    let mut names = vec![String::new()];
    let mut characters = path.chars();
    while let Some(c) = characters.next() {
        let literal = match c {
            '\\' => characters.next().filter(|c| ESCAPED.contains(c))?,
            '.' => {
                names.push(String::new());
                continue;
            }
            '"' | '\'' | '[' | ']' => return None,
            c if c.is_control() => return None,
            c => c,
        };
        names.last_mut()?.push(literal);
    }
    (!names.iter().any(String::is_empty)).then_some(names)
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

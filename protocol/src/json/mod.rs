//! Reading JSON strictly, and measuring it.
//!
//! Invariants of what is read here:
//! - No object has a key twice (I-JSON, RFC 7493): two readers of the same text cannot see two different values.
//! - Nothing is nested deeper than asked for, so recursion over it is bounded.
//! - No string has a lone surrogate, no number is beyond the range of a double.
//! - Keys of a tree are sorted, so the text of a tree is canonical: hashes of content rely on it.

mod check;
mod raw_fields;
mod scan;
mod tree;

pub use check::{Checked, check_object};
pub use raw_fields::{RawFields, push_json_string, write_string};
pub use scan::{Compact, scan_object};
pub use tree::{parse_object, parse_value};

use serde_json::{Map, Number, Value};
use std::fmt;

/// What a JSON text may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Objects and arrays inside each other; `{}` and `{"a":1}` have one level, `{"a":[]}` two.
    pub depth: usize,
    /// Members of one object, at any depth.
    pub members: usize,
    /// Bytes, see [`size`].
    pub bytes: usize,
}

/// Why a JSON text was refused. The text of a fault never repeats a value of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonFault {
    /// It is not JSON, or JSON that means different things to different readers.
    Syntax(String),
    /// It is JSON, but no object.
    NotAnObject,
    /// An object has this key twice.
    DuplicateKey(String),
    /// It is nested deeper than this.
    TooDeep(usize),
    /// An object has more members than this.
    TooManyMembers(usize),
    /// It has more bytes than this, or would take an unreasonable multiple of them in memory.
    TooLarge(usize),
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(what) => write!(f, "not valid JSON: {what}"),
            Self::NotAnObject => f.write_str("must be a JSON object"),
            Self::DuplicateKey(key) => {
                let shown: String = key.chars().take(40).collect();
                write!(f, "the key {shown:?} appears twice")
            }
            Self::TooDeep(depth) => write!(f, "nested more than {depth} levels deep"),
            Self::TooManyMembers(members) => write!(f, "an object has more than {members} members"),
            Self::TooLarge(bytes) => write!(f, "larger than {bytes} bytes"),
        }
    }
}

impl std::error::Error for JsonFault {}

/// Checks a tree that was put together here, for example a document after an edit: depth, members and bytes. Returns its [`size`].
///
/// # Errors
/// `TooDeep`, `TooManyMembers`, `TooLarge`.
pub fn check_fields(fields: &Map<String, Value>, bounds: Bounds) -> Result<usize, JsonFault> {
    let mut bytes = 2;
    check_level(bounds.depth, bounds)?;
    check_members(fields.len(), bounds)?;
    for (name, value) in fields {
        bytes += 2 + string_size(name) + check_value(value, bounds.depth - 1, bounds)?;
    }
    let bytes = bytes - usize::from(!fields.is_empty());
    if bytes > bounds.bytes { Err(JsonFault::TooLarge(bounds.bytes)) } else { Ok(bytes) }
}

fn check_value(value: &Value, levels: usize, bounds: Bounds) -> Result<usize, JsonFault> {
    match value {
        Value::Array(elements) => {
            check_level(levels, bounds)?;
            let mut bytes = 2;
            for element in elements {
                bytes += 1 + check_value(element, levels - 1, bounds)?;
            }
            Ok(bytes - usize::from(!elements.is_empty()))
        }
        Value::Object(members) => {
            check_level(levels, bounds)?;
            check_members(members.len(), bounds)?;
            let mut bytes = 2;
            for (name, value) in members {
                bytes += 2 + string_size(name) + check_value(value, levels - 1, bounds)?;
            }
            Ok(bytes - usize::from(!members.is_empty()))
        }
        scalar => Ok(scalar_size(scalar)),
    }
}

fn check_level(levels: usize, bounds: Bounds) -> Result<(), JsonFault> {
    if levels == 0 { Err(JsonFault::TooDeep(bounds.depth)) } else { Ok(()) }
}

fn check_members(count: usize, bounds: Bounds) -> Result<(), JsonFault> {
    if count > bounds.members { Err(JsonFault::TooManyMembers(bounds.members)) } else { Ok(()) }
}

/// How many bytes a record counts as: those of its fields as compact JSON, whatever blanks and escapes the given text has. Strings are
/// escaped only where JSON demands it; integers that fit 64 bits are written as such, other numbers as the shortest text of the double.
pub fn size(fields: &Map<String, Value>) -> usize {
    let unbounded = Bounds { depth: usize::MAX, members: usize::MAX, bytes: usize::MAX };
    check_fields(fields, unbounded).unwrap_or(usize::MAX)
}

fn scalar_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(number) => number_size(number),
        Value::String(text) => string_size(text),
        Value::Array(_) | Value::Object(_) => 2,
    }
}

fn number_size(number: &Number) -> usize {
    match (number.as_u64(), number.as_i64()) {
        (Some(n), _) => decimal_digits(n),
        (None, Some(n)) => 1 + decimal_digits(n.unsigned_abs()),
        (None, None) => number.to_string().len(),
    }
}

fn decimal_digits(n: u64) -> usize {
    n.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// The bytes of a text as a JSON string, quotes included.
fn string_size(text: &str) -> usize {
    let escapes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..0x20 => 5,
        _ => 0,
    });
    2 + text.len() + escapes.sum::<usize>()
}

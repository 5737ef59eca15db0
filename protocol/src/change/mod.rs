//! What a write changes: a set of paths, each with its edit and the stamp of that edit.
//!
//! Invariants:
//! - [`Changes`] are applied in the order of their paths, so an ancestor's edit comes before those of its descendants.
//! - `a.then(b)` applied to a document gives what `a`, then `b` give: joining queued writes rests on [`Changes::then`].
//! - Missing, `null` and `""` are three different values. Numbers are compared by value: `1` and `1.0` are the same.
//! - Increments and set edits travel as such, never as their result: two devices that both add one make two.
//! - One function, [`Edit::apply`], changes a document, on devices and on the server.
//!
//! Everything here is pure: no clock, no I/O, no panic. The form of a stamp on the wire belongs to the caller: functions that
//! read or write stamps take a closure for it.

mod changes;
mod edit;
mod error;
mod field_op;
mod number;
mod patch;
mod path;
mod place;
mod text;

pub use changes::{Change, Changes};
pub use edit::Edit;
pub use error::ChangeError;
pub use field_op::FieldOp;
pub use number::{ByValue, add, checked_add, same, same_number};
pub use patch::between;
pub use path::Path;

use serde_json::{Map, Value};

/// The members of a JSON object.
pub type Fields = Map<String, Value>;

/// Members that no write may change at the top level: they belong to the server, or are kept beside the document.
pub const SERVER_MEMBERS: [&str; 3] = ["id", "version", "_sync"];

/// When an edit was made: the part of a hybrid logical clock stamp that differs between the edits of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Stamp {
    /// Milliseconds since 1970, in the frame of the clock that made the stamp.
    pub ms: i64,
    /// Orders stamps of the same millisecond.
    pub counter: u32,
}

#[cfg(test)]
mod tests;

//! What a write does to a record's fields.

use super::json_patch::{self, PatchFault};
use super::{FieldOp, Fields, merge_patch};
use ::json_patch::PatchOperation;
use serde_json::Value;
use std::collections::BTreeMap;

/// Faults by field, as `details` of a `VALIDATION_ERROR`.
pub(crate) type Details = BTreeMap<String, String>;

/// The content of a write.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    /// Makes the record.
    Create(Fields),
    /// Merge patch.
    Merge(Fields),
    /// Field operations.
    FieldOps(Vec<FieldOp>),
    /// JSON Patch.
    JsonPatch(Vec<PatchOperation>),
    /// The whole record.
    Replace(Fields),
    /// Deletes the record.
    Delete,
}

/// What a change makes of a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Applied {
    /// The fields afterwards.
    pub(crate) fields: Fields,
    /// Fields whose value is another one now, and whether it got there by commuting edits alone.
    pub(crate) changed: BTreeMap<String, Commutes>,
}

/// Whether a field was changed by edits that give the same result in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Commutes(pub(crate) bool);

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ChangeFault {
    /// It does not fit the record.
    Invalid(Details),
    /// A `test` of a JSON Patch found another value.
    TestFailed,
}

impl Change {
    /// Reads a JSON Patch.
    pub(crate) fn decode_json_patch(value: Value) -> Result<Self, Details> {
        json_patch::decode(value).map(Self::JsonPatch)
    }

    /// Whether the change consists of edits that give the same result in any order, so that it needs no version.
    pub(crate) fn commutes(&self) -> bool {
        matches!(self, Self::FieldOps(ops) if ops.iter().all(FieldOp::commutes))
    }

    /// Applies the change to a record with these fields. `Create` and `Replace` do not look at them, `Delete` leaves none.
    pub(crate) fn apply(&self, current: &Fields, max_bytes: usize) -> Result<Applied, ChangeFault> {
        match self {
            Self::Create(fields) | Self::Replace(fields) => Ok(Applied::between(current, fields.clone())),
            Self::Delete => Ok(Applied::between(current, Fields::new())),
            Self::Merge(patch) => {
                let mut fields = current.clone();
                merge_patch::merge(&mut fields, patch);
                let touched = patch.keys().map(|name| (name.as_str(), Commutes(false)));
                Ok(Applied::of(current, fields, touched))
            }
            Self::FieldOps(ops) => {
                let mut fields = current.clone();
                let mut touched = BTreeMap::new();
                for op in ops {
                    op.apply(&mut fields).map_err(ChangeFault::Invalid)?;
                    let commutes = touched.entry(op.field()).or_insert(Commutes(true));
                    commutes.0 &= op.commutes();
                }
                Ok(Applied::of(current, fields, touched.into_iter()))
            }
            Self::JsonPatch(patch) => {
                let fields = json_patch::apply(current, patch, max_bytes).map_err(|fault| match fault {
                    PatchFault::Invalid(details) => ChangeFault::Invalid(details),
                    PatchFault::TestFailed => ChangeFault::TestFailed,
                })?;
                Ok(Applied::between(current, fields))
            }
        }
    }
}

impl Applied {
    /// All fields in which `after` differs.
    fn between(before: &Fields, after: Fields) -> Self {
        let gone = before.keys().filter(|name| !after.contains_key(*name));
        let touched: Vec<String> = gone.chain(after.keys()).cloned().collect();
        Self::of(before, after, touched.iter().map(|name| (name.as_str(), Commutes(false))))
    }

    /// Of the touched fields, those in which `after` differs.
    fn of<'n>(before: &Fields, after: Fields, touched: impl Iterator<Item = (&'n str, Commutes)>) -> Self {
        let differs = |name: &str| before.get(name) != after.get(name);
        let changed = touched.filter(|(name, _)| differs(name)).map(|(name, how)| (name.to_owned(), how)).collect();
        Self { fields: after, changed }
    }
}

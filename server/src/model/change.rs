//! Changes of a record: turns every kind of write into edits of paths, and applies it.
//!
//! Invariants:
//! - Every kind of write (merge patch, field operations, JSON Patch, whole record) becomes edits of paths, with the functions of
//!   `holm-protocol` that devices use.
//! - An edit that leaves the value at its path as it was, by value, is not among them.
//! - Work is bounded before it is done: see [`Work`].
//! - A path never leads into an array: elements have no identity, so an edit of one is an edit of the array.

use super::json_patch::{self, PatchFault};
use super::work::Work;
use super::{Fields, Hlc, details};
use ::json_patch::PatchOperation;
use holm_protocol::change::{ChangeError, Changes, Edit, FieldOp, Path, Stamp, between, same};
use holm_protocol::json::Bounds;
use serde_json::Value;
use std::collections::BTreeMap;

/// Edits of sets, or operations of a JSON Patch, that are applied in no time.
const FEW_EDITS: usize = 8;
/// The same for members that are added to sets or taken out.
const FEW_MEMBERS: usize = 1_000;

/// Faults by field, as `details` of a `VALIDATION_ERROR`.
pub(crate) type Details = BTreeMap<String, String>;

/// The content of a write.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    /// Makes the record.
    Create(Fields),
    /// Merge patch (RFC 7396).
    Merge(Fields),
    /// Field operations, applied in their order.
    FieldOps(Vec<FieldEdit>),
    /// JSON Patch (RFC 6902).
    JsonPatch(Vec<PatchOperation>),
    /// The whole record.
    Replace(Fields),
    /// Deletes the record.
    Delete,
}

/// One field operation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldEdit {
    path: Path,
    edit: Edit,
    /// The stamp of this edit. `None` if it is that of the operation.
    hlc: Option<Hlc>,
}

/// The result of a change: the record afterwards, and the paths that were edited.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Applied {
    /// The fields afterwards.
    pub(crate) fields: Fields,
    /// The paths whose value is another one now; an ancestor comes before its descendants.
    pub(crate) edits: Vec<PathEdit>,
}

/// A path that a change edited.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PathEdit {
    pub(crate) path: Path,
    /// Whether the value was changed only by edits that give the same result in any order.
    pub(crate) commutes: bool,
    /// The stamp of the edit. `None` if it is that of the operation.
    pub(crate) hlc: Option<Hlc>,
}

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ChangeFault {
    /// It does not fit the record.
    Invalid(Details),
    /// A `test` of a JSON Patch found another value.
    TestFailed,
}

impl From<Details> for ChangeFault {
    fn from(details: Details) -> Self {
        Self::Invalid(details)
    }
}

impl FieldEdit {
    /// Reads `{"op":"set","path":"/title","value":"x","hlc":"…"}`. A path of more than `max_depth` members is refused: the record
    /// could not be nested so deep.
    pub(crate) fn decode(op: Value, max_depth: usize) -> Result<Self, Details> {
        let FieldOp { path, edit, hlc } = FieldOp::decode(op).map_err(fault)?;
        if path.names().len() > max_depth {
            return Err(details("path", format!("leads more than {max_depth} levels deep")));
        }
        let hlc =
            hlc.map(|text| Hlc::parse(&text).ok_or_else(|| details("hlc", "must be \"<ms>:<counter>:<deviceId>\"")));
        Ok(Self { path, edit, hlc: hlc.transpose()? })
    }
}

impl Change {
    /// Reads a JSON Patch.
    pub(crate) fn decode_json_patch(value: Value) -> Result<Self, Details> {
        json_patch::decode(value).map(Self::JsonPatch)
    }

    /// How many edits the change has, where it is a list of them.
    pub(crate) fn operations(&self) -> usize {
        match self {
            Self::FieldOps(ops) => ops.len(),
            Self::JsonPatch(patch) => patch.len(),
            Self::Create(_) | Self::Merge(_) | Self::Replace(_) | Self::Delete => 0,
        }
    }

    /// Whether applying it may take long, whatever it is applied to: many edits that each look at a whole set or copy, or sets of many
    /// members.
    pub(crate) fn is_heavy(&self) -> bool {
        match self {
            Self::FieldOps(ops) => {
                let members = ops.iter().filter_map(|op| match &op.edit {
                    Edit::EditSet { add, remove } => Some(add.len() + remove.len()),
                    _ => None,
                });
                let (edits, members) = members.fold((0, 0), |(edits, all), members| (edits + 1, all + members));
                edits > FEW_EDITS || members > FEW_MEMBERS
            }
            Self::JsonPatch(patch) => patch.len() > FEW_EDITS,
            Self::Create(_) | Self::Merge(_) | Self::Replace(_) | Self::Delete => false,
        }
    }

    /// Whether the change consists of edits that give the same result in any order, so that it needs no version.
    pub(crate) fn commutes(&self) -> bool {
        matches!(self, Self::FieldOps(ops) if ops.iter().all(|op| op.edit.commutes()))
    }

    /// Whether the change has edits that no version holds back: made a second time, they count twice.
    pub(crate) fn counts_twice(&self) -> bool {
        matches!(self, Self::FieldOps(ops) if ops.iter().any(|op| op.edit.commutes()))
    }

    /// Applies the change to a record with these fields. `Create` and `Replace` leave nothing of them, `Delete` leaves no fields.
    pub(crate) fn apply(&self, mut current: Fields, bounds: Bounds) -> Result<Applied, ChangeFault> {
        let mut work = Work::of(bounds);
        match self {
            Self::Create(fields) | Self::Replace(fields) => {
                work.walk(fields)?;
                Ok(Applied::between(&current, fields.clone()))
            }
            Self::Delete => Ok(Applied::between(&current, Fields::new())),
            Self::Merge(patch) => {
                work.walk(patch)?;
                let changes = Changes::from_merge_patch(patch, &current, Stamp::default());
                let changes = changes.map_err(|error| ChangeFault::Invalid(fault(error)))?;
                changes.apply(&mut current);
                Ok(Applied { fields: current, edits: plain_edits(&changes) })
            }
            Self::FieldOps(ops) => Ok(Applied::of_field_ops(&current, ops, &mut work)?),
            Self::JsonPatch(patch) => {
                let fields = json_patch::apply(&current, patch, bounds, &mut work).map_err(|fault| match fault {
                    PatchFault::Invalid(details) => ChangeFault::Invalid(details),
                    PatchFault::TestFailed => ChangeFault::TestFailed,
                })?;
                work.walk(&fields)?;
                Ok(Applied::between(&current, fields))
            }
        }
    }
}

impl Applied {
    fn between(before: &Fields, after: Fields) -> Self {
        let changes = between(before, &after, Stamp::default());
        Self { fields: after, edits: plain_edits(&changes) }
    }

    fn of_field_ops(before: &Fields, ops: &[FieldEdit], work: &mut Work) -> Result<Self, Details> {
        let mut fields = before.clone();
        // Ordered by path, so that an ancestor's stamp is set before those of its descendants.
        let mut touched: BTreeMap<Path, (bool, &Option<Hlc>)> = BTreeMap::new();
        for op in ops {
            let place = outside_arrays(&fields, &op.path);
            work.spend(place.names().iter().map(String::len).sum())?;
            if let (Edit::EditSet { .. }, Some(members)) = (&op.edit, Changes::value_at(&fields, &op.path)) {
                work.look_at(members, 0)?;
            }
            op.edit.apply(&mut fields, &op.path);
            let entry = touched.entry(place).or_insert((true, &op.hlc));
            *entry = (entry.0 && op.edit.commutes(), &op.hlc);
        }
        let differs = |path: &Path| match (Changes::value_at(before, path), Changes::value_at(&fields, path)) {
            (Some(before), Some(after)) => !same(before, after),
            (None, None) => false,
            _ => true,
        };
        let (changed, undone): (Vec<_>, Vec<_>) = touched.into_iter().partition(|(path, _)| differs(path));
        let edit =
            |(path, (commutes, hlc)): (Path, (bool, &Option<Hlc>))| PathEdit { path, commutes, hlc: hlc.clone() };
        let mut edits: BTreeMap<Path, PathEdit> = changed.into_iter().map(edit).map(|e| (e.path.clone(), e)).collect();
        // Objects on the way to a place that was set and then removed again stay.
        for (path, _) in undone {
            let way = std::iter::successors(path.parent(), Path::parent);
            let left = way.into_iter().find(|at| Changes::value_at(&fields, at).is_some());
            let Some(left) = left.filter(|at| !meets(&edits, at)) else { continue };
            if let Some(value) = Changes::value_at(before, &left) {
                work.look_at(value, 0)?;
            }
            if differs(&left) {
                edits.insert(left.clone(), PathEdit { path: left, commutes: false, hlc: None });
            }
        }
        Ok(Self { fields, edits: edits.into_values().collect() })
    }
}

/// Whether one of the edited paths is `at`, above it or below it.
fn meets(edits: &BTreeMap<Path, PathEdit>, at: &Path) -> bool {
    let way = std::iter::successors(Some(at.clone()), Path::parent);
    way.into_iter().any(|path| edits.contains_key(&path))
        || edits.range(at..).next().is_some_and(|(path, _)| at.contains(path))
}

/// The edits of a change that has one stamp and no edits that commute.
fn plain_edits(changes: &Changes) -> Vec<PathEdit> {
    changes.paths().map(|path| PathEdit { path: path.clone(), commutes: false, hlc: None }).collect()
}

/// The path itself, or the array that it leads into.
fn outside_arrays(fields: &Fields, path: &Path) -> Path {
    let mut names = path.names().iter();
    let mut place = Path::field(path.top());
    let mut value = fields.get(path.top());
    names.next();
    for name in names {
        if matches!(value, Some(Value::Array(_))) {
            break;
        }
        value = value.and_then(|value| value.get(name.as_str()));
        place = place.member(name.as_str());
    }
    place
}

/// A fault of the protocol's functions as details.
fn fault(error: ChangeError) -> Details {
    match error {
        ChangeError::Invalid { place, message } => details(place, message),
        ChangeError::Unsupported { place, operator } => details(place, format!("{operator:?} is not an operator")),
    }
}

/// Reads the edits of a `patch`; there must be one.
pub(crate) fn field_ops(ops: Vec<Value>, max_depth: usize) -> Result<Vec<FieldEdit>, Details> {
    if ops.is_empty() {
        return Err(details("fieldOps", "must be a list of at least one operation"));
    }
    ops.into_iter().map(|op| FieldEdit::decode(op, max_depth)).collect()
}

#[cfg(test)]
mod tests;

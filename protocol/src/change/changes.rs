//! The changes of one write, by path.

use super::{ChangeError, Edit, FieldOp, Fields, Path, Stamp, place};
use serde_json::{Number, Value};
use std::collections::BTreeMap;

/// The edit of one path and when it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What happens to the value.
    pub edit: Edit,
    /// When the device made this edit.
    pub stamp: Stamp,
}

/// The changes of a write, in the order in which they are applied.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changes(BTreeMap<Path, Change>);

impl Changes {
    /// No changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// The change of one path.
    pub fn one(path: Path, edit: Edit, stamp: Stamp) -> Self {
        Self(BTreeMap::from([(path, Change { edit, stamp })]))
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many paths are changed.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How many field operations these are on the wire.
    pub fn operations(&self) -> usize {
        let operations = self.0.values().map(|change| match &change.edit {
            Edit::Clear => 2,
            Edit::EditSet { add, remove } if !add.is_empty() && !remove.is_empty() => 2,
            _ => 1,
        });
        operations.sum()
    }

    /// The changes in the order in which they are applied.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Path, &Change)> {
        self.0.iter()
    }

    /// The paths in the order in which they are applied.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys()
    }

    /// The change of this very path.
    pub fn get(&self, path: &Path) -> Option<&Change> {
        self.0.get(path)
    }

    /// The latest stamp. `None` without changes.
    pub fn latest(&self) -> Option<Stamp> {
        self.0.values().map(|change| change.stamp).max()
    }

    /// Applies the changes to a document.
    pub fn apply(&self, fields: &mut Fields) {
        for (path, change) in &self.0 {
            change.edit.apply(fields, path);
        }
    }

    /// These changes, then `next`, as one.
    ///
    /// One exception from the law: edits of an array do not join with edits of its elements by index. Such changes come only from
    /// field operations of other clients, which are applied one by one.
    #[must_use]
    pub fn then(mut self, next: Self) -> Self {
        for (path, change) in next.0 {
            self.push(path, change);
        }
        self
    }

    /// Adds a change that was made after all that are here.
    pub fn push(&mut self, path: Path, mut next: Change) {
        let below: Vec<Path> = self.descendants(&path).map(|(path, _)| path.clone()).collect();
        // An edit below has made the value an object. (A removal that made nothing on its way has not.)
        let is_object = below.iter().any(|path| self.0.get(path).is_some_and(|change| change.edit != Edit::Unset));
        next.edit = match next.edit {
            edit if is_object && edit.commutes() => edit.onto(None),
            Edit::Unset if is_object => Edit::Clear,
            edit => edit,
        };
        if !next.edit.commutes() {
            for path in below {
                self.0.remove(&path);
            }
        }
        let mut joined = match self.0.remove(&path) {
            Some(earlier) => Change { edit: earlier.edit.then(next.edit), stamp: earlier.stamp.max(next.stamp) },
            None => next,
        };
        if joined.edit == Edit::Clear && path.parent().is_none() {
            // No objects are around a member of the top level.
            joined.edit = Edit::Unset;
        }
        self.0.insert(path, joined);
    }

    /// Removes the change of this very path.
    pub fn remove(&mut self, path: &Path) -> Option<Change> {
        self.0.remove(path)
    }

    /// Replaces the edit of a path, or adds one; the other changes stay.
    pub fn insert(&mut self, path: Path, change: Change) {
        self.0.insert(path, change);
    }

    /// Keeps the changes for which `keep` says yes.
    pub fn retain(&mut self, mut keep: impl FnMut(&Path, &Change) -> bool) {
        self.0.retain(|path, change| keep(path, change));
    }

    /// The changes strictly below a path.
    pub fn descendants<'c>(&'c self, path: &'c Path) -> impl Iterator<Item = (&'c Path, &'c Change)> {
        let after = (std::ops::Bound::Excluded(path.clone()), std::ops::Bound::Unbounded);
        self.0.range(after).take_while(|(other, _)| path.contains(other))
    }

    /// Whether one of them was added up with others to a number that the same increments, one after another, need not give: sums of
    /// floating-point numbers depend on their order. `result`: the document with these changes.
    pub fn round(&self, result: &Fields) -> bool {
        let is_float = |value: Option<&Value>| value.is_some_and(Value::is_f64);
        let rounds = |path: &Path, by: &Number| by.is_f64() || is_float(Self::value_at(result, path));
        self.iter().any(|(path, change)| matches!(&change.edit, Edit::Inc(by) if rounds(path, by)))
    }

    /// The value at a path of a document. `None` if nothing is there.
    pub fn value_at<'v>(fields: &'v Fields, path: &Path) -> Option<&'v Value> {
        place::get(fields, path)
    }

    /// Replaces every stamp.
    pub fn restamp(&mut self, mut stamp: impl FnMut(&Path, Stamp) -> Stamp) {
        for (path, change) in &mut self.0 {
            change.stamp = stamp(path, change.stamp);
        }
    }

    /// The changes as field operations of the wire, in the order in which they are applied. `default` is the operation's own
    /// stamp: a change with that stamp does not repeat it. `text` writes a stamp.
    pub fn to_field_ops(&self, default: Stamp, text: impl Fn(Stamp) -> String) -> Vec<FieldOp> {
        let mut ops = Vec::with_capacity(self.0.len());
        for (path, change) in &self.0 {
            let hlc = (change.stamp != default).then(|| text(change.stamp));
            for edit in FieldOp::edits(&change.edit) {
                ops.push(FieldOp { path: path.clone(), edit, hlc: hlc.clone() });
            }
        }
        ops
    }

    /// Reads what [`to_field_ops`](Self::to_field_ops) writes. `parse` reads a stamp.
    ///
    /// # Errors
    /// If `parse` does not know a stamp.
    pub fn from_field_ops(
        ops: impl IntoIterator<Item = FieldOp>,
        default: Stamp,
        parse: impl Fn(&str) -> Option<Stamp>,
    ) -> Result<Self, ChangeError> {
        let mut changes = Self::new();
        for op in ops {
            let stamp = match &op.hlc {
                None => default,
                Some(text) => parse(text).ok_or_else(|| ChangeError::invalid("hlc", "is not a stamp"))?,
            };
            changes.push(op.path, Change { edit: op.edit, stamp });
        }
        Ok(changes)
    }
}

impl FromIterator<(Path, Change)> for Changes {
    fn from_iter<I: IntoIterator<Item = (Path, Change)>>(changes: I) -> Self {
        Self(changes.into_iter().collect())
    }
}

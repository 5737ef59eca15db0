//! What the user saw before a write, at the paths that the write changes.
//!
//! Invariant: a path without an entry was missing. So the values of every changed path, missing ones included, are known.

use super::{Changes, Edit, Fields, Path};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// Values by path.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen(BTreeMap<Path, Value>);

impl Seen {
    /// The values of a document at the paths of `changes`.
    pub fn of(changes: &Changes, fields: &Fields) -> Self {
        let known = changes.paths().filter_map(|path| Some((path, Changes::value_at(fields, path)?)));
        Self(known.map(|(path, value)| (path.clone(), value.clone())).collect())
    }

    /// Whether every path was missing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value at a path. `None` if it was missing.
    pub fn get(&self, path: &Path) -> Option<&Value> {
        self.0.get(path)
    }

    /// Remembers the value of a path; `None` for missing.
    pub fn set(&mut self, path: &Path, value: Option<&Value>) {
        match value {
            Some(value) => self.0.insert(path.clone(), value.clone()),
            None => self.0.remove(path),
        };
    }

    /// Forgets paths that are not changed any more.
    pub fn keep_only(&mut self, changes: Option<&Changes>) {
        self.0.retain(|path, _| changes.is_some_and(|changes| changes.get(path).is_some()));
    }

    /// The value at `path` before `earlier` was made, given the value after it: the changes of `earlier` are taken back.
    ///
    /// `self` is what the user saw before `earlier`.
    pub fn before(&self, earlier: &Changes, path: &Path, after: Option<&Value>) -> Option<Value> {
        // The nearest edit at or above the path has replaced what was there.
        let above = earlier.paths().filter(|edited| edited.contains(path)).min();
        if let Some(above) = above {
            let was = Fields::from_iter([("v".to_owned(), self.get(above)?.clone())]);
            let inner = path.names().iter().skip(above.names().len());
            let inside = inner.fold(Path::field("v"), |inside, name| inside.member(name.as_str()));
            return Changes::value_at(&was, &inside).cloned();
        }
        let mut whole = Fields::new();
        if let Some(after) = after {
            whole.insert("v".to_owned(), after.clone());
        }
        for (below, _) in earlier.descendants(path) {
            let inner = below.names().iter().skip(path.names().len());
            let inside = inner.fold(Path::field("v"), |inside, name| inside.member(name.as_str()));
            let edit = self.get(below).map_or(Edit::Unset, |value| Edit::Set(value.clone()));
            edit.apply(&mut whole, &inside);
        }
        whole.remove("v")
    }
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(path, value)| (path.to_string(), value)))
    }
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = BTreeMap::<String, Value>::deserialize(deserializer)?;
        Ok(Self(map.into_iter().filter_map(|(path, value)| Some((Path::parse(&path)?, value))).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Stamp;
    use serde_json::json;

    #[test]
    fn earlier_changes_are_taken_back_above_and_below() {
        let path = |text| Path::parse(text).unwrap();
        let fields = |value: Value| value.as_object().unwrap().clone();
        let start = fields(json!({"o": {"x": 1, "y": 1}, "p": {"q": 5}}));
        let patch = fields(json!({"o": {"x": 2, "z": 3}, "p": 7}));
        let changes = Changes::from_patch(&patch, &start, Stamp::default()).unwrap();
        let seen = Seen::of(&changes, &start);
        let mut after = start.clone();
        changes.apply(&mut after);
        for place in ["/o", "/o/x", "/o/y", "/o/z", "/p", "/p/q"] {
            let (place, now) = (path(place), Changes::value_at(&after, &path(place)));
            assert_eq!(seen.before(&changes, &place, now).as_ref(), Changes::value_at(&start, &place), "{place}");
        }
    }
}

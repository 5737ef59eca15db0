//! Which version and which stamp edited each path of a record last.
//!
//! Invariants:
//! - An edit at a path replaces the entries below it; entries above it stay.
//! - The stamp of a path never goes back: an edit that is older than what it replaces was taken because its device knew of that, or may
//!   overwrite it, and the next one has to be later than both.
//! - The last edit of a path is the greatest entry among the path, its ancestors and its descendants. Without one, it is the creation.

use super::Fields;
use holm_protocol::change::Path;
use holm_protocol::hlc::Hlc;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

/// The last edit of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp(
    /// The version of the record that the edit made.
    pub(crate) i64,
    /// The stamp of the edit.
    pub(crate) String,
);

/// The stamps of a record's paths. A path without an entry on its line has not changed since the record was made; an entry of a path
/// that is not in the record says when it was removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PathStamps(BTreeMap<Path, Stamp>);

impl PathStamps {
    /// Reads the stored form; nothing stored means that no path has changed.
    pub(crate) fn from_stored(text: Option<&str>) -> Result<Self, serde_json::Error> {
        text.map_or_else(|| Ok(Self::default()), serde_json::from_str)
    }

    /// The stored form, of at most `max_bytes`. While it is larger, the deepest paths are told together as the path above them; at the
    /// top level the oldest half is forgotten, and the result says what counts for them from then on: the latest of what was
    /// forgotten, as if the record had been made then. Either can make a later write conflict that need not, and never lets one pass
    /// that must.
    pub(crate) fn fit_stored(&mut self, max_bytes: usize) -> (Option<String>, Option<Stamp>) {
        let mut floor = None;
        loop {
            let text = self.text();
            if text.as_ref().is_none_or(|text| text.len() <= max_bytes) {
                return (text, floor);
            }
            if !self.coarsen() {
                floor = floor.into_iter().chain(self.forget()).reduce(later);
            }
        }
    }

    fn text(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        // Text and numbers into memory cannot fail.
        serde_json::to_string(self).ok()
    }

    /// Replaces the entries of the deepest level by one of each parent, with its latest version and stamp. False at the top level.
    fn coarsen(&mut self) -> bool {
        let Some(deepest) = self.0.keys().map(|path| path.names().len()).max().filter(|depth| *depth > 1) else {
            return false;
        };
        for (path, stamp) in std::mem::take(&mut self.0) {
            let place = if path.names().len() < deepest { Some(path) } else { path.parent() };
            let Some(place) = place else { continue };
            let stamp = self.0.remove(&place).into_iter().fold(stamp, later);
            self.0.insert(place, stamp);
        }
        true
    }

    /// Forgets the half of the entries with the lowest versions, at least one. Returns the latest version and stamp among them.
    fn forget(&mut self) -> Option<Stamp> {
        let mut versions: Vec<i64> = self.0.values().map(|stamp| stamp.0).collect();
        versions.sort_unstable();
        let highest = *versions.get(versions.len() / 2)?;
        let mut forgotten = None;
        self.0.retain(|_, stamp| {
            let keep = stamp.0 > highest;
            if !keep {
                forgotten = forgotten.take().into_iter().chain([stamp.clone()]).reduce(later);
            }
            keep
        });
        forgotten
    }

    /// Records that `path` was edited. `hlc`: the stamp of the edit; for one that commutes, that of the creation, which is never later than what
    /// the path has: it has no part in the question which of two others is later.
    pub(crate) fn set(&mut self, path: &Path, version: i64, hlc: &str) {
        let mut stamp = Stamp(version, hlc.to_owned());
        let below: Vec<Path> = self.below(path).map(|(path, _)| path.clone()).collect();
        for path in below.iter().chain([path]) {
            stamp = self.0.remove(path).into_iter().fold(stamp, later);
        }
        self.0.insert(path.clone(), stamp);
    }

    /// The version that edited `path` last, in a record that was made with version `created_version`.
    pub(crate) fn version_of(&self, path: &Path, created_version: i64) -> i64 {
        let mut latest = created_version;
        let mut line = Some(path.clone());
        while let Some(at) = line {
            latest = latest.max(self.0.get(&at).map_or(0, |stamp| stamp.0));
            line = at.parent();
        }
        self.below(path).map(|(_, stamp)| stamp.0).fold(latest, i64::max)
    }

    /// The paths that were edited after `version`, in their order.
    pub(crate) fn changed_after(&self, version: i64) -> impl Iterator<Item = &Path> {
        self.0.iter().filter(move |(_, stamp)| stamp.0 > version).map(|(path, _)| path)
    }

    /// All stamps, in the order of their paths.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Path, &Stamp)> {
        self.0.iter()
    }

    /// Gives each top-level field that has no entry on its line one of the creation, so that a reader who takes a missing entry for
    /// version 1 is told of a record that was made again.
    pub(crate) fn name_all(&mut self, fields: &Fields, created_version: i64, create_hlc: &str) {
        for name in fields.keys() {
            let path = Path::field(name.as_str());
            self.0.entry(path).or_insert_with(|| Stamp(created_version, create_hlc.to_owned()));
        }
    }

    /// The entries strictly below a path.
    fn below<'s>(&'s self, path: &'s Path) -> impl Iterator<Item = (&'s Path, &'s Stamp)> {
        let after = (Bound::Excluded(path.clone()), Bound::Unbounded);
        self.0.range(after).take_while(|(other, _)| path.contains(other))
    }
}

impl Serialize for PathStamps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(path, stamp)| (path.to_string(), stamp)))
    }
}

impl<'de> Deserialize<'de> for PathStamps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = PathStamps;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("stamps by JSON Pointer")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PathStamps, A::Error> {
                let mut stamps = BTreeMap::new();
                while let Some((pointer, stamp)) = map.next_entry::<String, Stamp>()? {
                    let path = Path::parse(&pointer).ok_or_else(|| A::Error::custom("a path is no JSON Pointer"))?;
                    stamps.insert(path, stamp);
                }
                Ok(PathStamps(stamps))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// The later version, and the later stamp.
fn later(a: Stamp, b: Stamp) -> Stamp {
    let hlc = if Hlc::parse(&a.1) >= Hlc::parse(&b.1) { a.1 } else { b.1 };
    Stamp(a.0.max(b.0), hlc)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(pointer: &str) -> Path {
        Path::parse(pointer).unwrap()
    }

    fn stamps(entries: &[(&str, i64)]) -> PathStamps {
        let mut stamps = PathStamps::default();
        for (pointer, version) in entries {
            stamps.set(&path(pointer), *version, "1:0:d");
        }
        stamps
    }

    #[test]
    fn version_of_a_path_is_the_greatest_on_its_line() {
        let stamps = stamps(&[("/a", 2), ("/a/b/c", 3), ("/a!", 9), ("/z", 5)]);
        for (pointer, version) in [("/a", 3), ("/a/b", 3), ("/a/b/c/d", 3), ("/a/x", 2), ("/b", 1), ("/z/q", 5)] {
            assert_eq!(stamps.version_of(&path(pointer), 1), version, "{pointer}");
        }
    }

    #[test]
    fn edit_at_a_path_drops_the_entries_below_it() {
        let stamps = stamps(&[("/a", 2), ("/a/b/c", 3), ("/ab", 3), ("/a/b", 4)]);
        let left: Vec<String> = stamps.iter().map(|(path, stamp)| format!("{path}={}", stamp.0)).collect();
        assert_eq!(left, ["/a=2", "/a/b=4", "/ab=3"]);
    }

    #[test]
    fn stored_form_comes_back_and_gets_coarser_when_large() {
        let mut stamps = stamps(&[("/a/x", 2), ("/a/y/z", 3), ("/m~1n/0", 4)]);
        let (text, floor) = stamps.fit_stored(1000);
        assert_eq!(floor, None);
        assert_eq!(PathStamps::from_stored(text.as_deref()).unwrap(), stamps);
        assert_eq!(text.as_deref(), Some(r#"{"/a/x":[2,"1:0:d"],"/a/y/z":[3,"1:0:d"],"/m~1n/0":[4,"1:0:d"]}"#));
        let (coarse, floor) = stamps.fit_stored(42);
        assert_eq!(floor, None);
        assert_eq!(coarse.as_deref(), Some(r#"{"/a":[3,"1:0:d"],"/m~1n":[4,"1:0:d"]}"#));
        assert_eq!(stamps.fit_stored(30), (None, Some(Stamp(4, "1:0:d".to_owned()))));
        assert!(PathStamps::from_stored(Some(r#"{"a":[2,"1:0:d"]}"#)).is_err());
    }
}

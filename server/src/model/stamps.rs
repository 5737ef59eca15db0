//! Which version and which stamp changed each field of a record last.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// When a field was changed last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp(
    /// The version of the record that the change made.
    pub(crate) i64,
    /// The stamp of the write.
    pub(crate) String,
);

/// The stamps of a record's fields. A field that is missing here has not changed since the record was made; one that is here and not in
/// the record was removed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct FieldStamps(BTreeMap<String, Stamp>);

impl FieldStamps {
    /// Reads the stored form; nothing stored means that no field has changed.
    pub(crate) fn from_stored(text: Option<&str>) -> Result<Self, serde_json::Error> {
        text.map_or_else(|| Ok(Self::default()), serde_json::from_str)
    }

    /// The stored form.
    pub(crate) fn to_stored(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        // Text and numbers into memory cannot fail.
        serde_json::to_string(self).ok()
    }

    /// Records that `field` was changed.
    pub(crate) fn set(&mut self, field: &str, version: i64, hlc: &str) {
        self.0.insert(field.to_owned(), Stamp(version, hlc.to_owned()));
    }

    /// The version that changed `field` last, in a record that was made with version `created_version`.
    pub(crate) fn version_of(&self, field: &str, created_version: i64) -> i64 {
        self.0.get(field).map_or(created_version, |stamp| stamp.0)
    }

    /// The fields that were changed after `version`, in order of their names.
    pub(crate) fn changed_after(&self, version: i64) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(_, stamp)| stamp.0 > version).map(|(field, _)| field.as_str())
    }

    /// All stamps, in order of the fields' names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Stamp)> {
        self.0.iter().map(|(field, stamp)| (field.as_str(), stamp))
    }
}

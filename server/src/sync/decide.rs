//! Decides whether a write is accepted, and what it makes of the record: a pure function of record, write and the collection's rules.
//!
//! Invariants:
//! - An accepted write that changes a value makes exactly the next version; one that changes nothing makes none.
//! - A stale write is never accepted over a change that it did not know of: in a collection that merges by field, no path that it
//!   edits, no path above it and none below it was edited after its base; in the others, and for an exact write, its base is the current
//!   version. Commuting edits of writes that are not exact are the exception, because they lose nothing.
//! - What is missing is never made by an update, and what is deleted is only made again by a create that knows the tombstone.

use super::rules;
use crate::config::{Collection, Config, ConflictPolicy, Preconditions};
use crate::model::{Applied, Change, ChangeFault, CollectionName, Details, Fields, PathStamps, check_paths, details};
use crate::store::records::OwnStamps;
use holm_protocol::change::{Path, Stamp, between};
use holm_protocol::json::{Bounds, JsonFault, check_fields};

/// The record that a write meets.
#[derive(Debug, Clone)]
pub(super) enum CurrentRecord {
    /// No record: it was never made, or its tombstone is gone.
    Absent,
    /// A tombstone.
    Deleted {
        /// The version that the delete made.
        version: i64,
    },
    /// A record.
    Live(Live),
}

/// A record, read for a decision.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) version: i64,
    /// The version that made it, or the version that counts for paths without an entry, if stamps were forgotten.
    pub(super) created_version: i64,
    /// The stamp that made it.
    pub(super) created_hlc: String,
    pub(super) fields: Fields,
    pub(super) stamps: PathStamps,
}

/// A write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Write<'a> {
    pub(super) change: &'a Change,
    /// The version it is based on. `None` if it does not say.
    pub(super) base: Option<i64>,
    /// Whether that version is a condition: any other one conflicts, whatever is edited.
    pub(super) exact: bool,
    /// The stamp of what it changes, for edits that have none of their own.
    pub(super) hlc: &'a str,
    /// No stamp is later than this, in milliseconds since 1970.
    pub(super) latest_ms: i64,
}

/// The rules and limits of a write.
#[derive(Debug, Clone, Copy)]
pub(super) struct WriteRules<'a> {
    pub(super) collection: &'a Collection,
    /// The limits of one record.
    pub(super) bounds: Bounds,
    /// The most edits of one write.
    pub(super) max_patch_ops: usize,
}

impl<'a> WriteRules<'a> {
    /// The rules of a collection.
    pub(super) fn of(config: &'a Config, name: &CollectionName) -> Self {
        Self {
            collection: config.collection(name),
            bounds: config.limits.record(),
            max_patch_ops: config.limits.max_patch_ops,
        }
    }
}

/// The decision on an accepted write.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Decision {
    /// Store this.
    Put(Put),
    /// Make it a tombstone of this version.
    Delete {
        /// The next version.
        version: i64,
    },
    /// Nothing: the record is already what the write would make of it.
    AlreadySo,
}

/// A record to be stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Put {
    pub(super) version: i64,
    pub(super) created_version: i64,
    /// The stamp that counts for paths without one, if it is not that of the creation any more.
    pub(super) create_hlc: Option<String>,
    pub(super) body: String,
    pub(super) own_stamps: OwnStamps,
    /// In their stored form.
    pub(super) path_stamps: Option<String>,
    /// Whether the device cannot know this record from what it sent and what it had.
    pub(super) restated: bool,
}

/// Why a write is refused.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refusal {
    /// It breaks a rule, or makes no sense.
    Invalid(Details),
    /// The record would be too large.
    TooLarge,
    /// There is no such record.
    NotFound,
    /// A record with this id exists.
    Exists,
    /// The record was deleted.
    Deleted,
    /// It is based on another version; these paths are at odds.
    Conflict(Vec<Path>),
    /// It must say what it is based on.
    PreconditionRequired,
    /// The account has no room for it.
    Quota(QuotaExcess),
}

impl Refusal {
    /// Whether its explanation shows the record as it is.
    pub(super) fn shows_record(&self) -> bool {
        matches!(self, Self::Exists | Self::Conflict(_))
    }
}

/// A quota that a write would exceed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct QuotaExcess {
    /// Which one.
    pub(super) quota: &'static str,
    pub(super) current: i64,
    pub(super) limit: i64,
    pub(super) upgrade_url: Option<String>,
}

/// Accepts or refuses a write, given the current record. Pure.
pub(super) fn decide(current: CurrentRecord, write: Write<'_>, rules: WriteRules<'_>) -> Result<Decision, Refusal> {
    match (write.change, current) {
        (Change::Create(fields), current) => create(fields, current, write, rules),
        (Change::Delete, CurrentRecord::Live(live)) => delete(&live, write, rules),
        (Change::Delete, _) => Ok(Decision::AlreadySo),
        (_, CurrentRecord::Absent) => Err(Refusal::NotFound),
        (_, CurrentRecord::Deleted { .. }) => Err(Refusal::Deleted),
        (_, CurrentRecord::Live(live)) => update(live, write, rules),
    }
}

fn create(
    fields: &Fields,
    current: CurrentRecord,
    write: Write<'_>,
    rules: WriteRules<'_>,
) -> Result<Decision, Refusal> {
    check_paths(fields, rules.bounds).map_err(Refusal::Invalid)?;
    let mut fields = fields.clone();
    let completed = rules::apply_defaults(rules.collection, &mut fields);
    let version = match current {
        CurrentRecord::Absent => 1,
        CurrentRecord::Deleted { version } if write.base == Some(version) => version + 1,
        CurrentRecord::Deleted { .. } => return Err(Refusal::Deleted),
        CurrentRecord::Live(live) if between(&live.fields, &fields, Stamp::default()).is_empty() => {
            return Ok(Decision::AlreadySo);
        }
        CurrentRecord::Live(_) => return Err(Refusal::Exists),
    };
    refuse_if_any(rules::check_new(rules.collection, &fields))?;
    let restated = completed || version != write.base.unwrap_or(0).saturating_add(1);
    put(&fields, version, version, PathStamps::default(), restated, rules)
}

fn update(live: Live, write: Write<'_>, rules: WriteRules<'_>) -> Result<Decision, Refusal> {
    if write.change.operations() > rules.max_patch_ops {
        return Err(Refusal::Invalid(details("operations", format!("may be at most {}", rules.max_patch_ops))));
    }
    let Live { version: current, created_version, created_hlc, fields: before, mut stamps } = live;
    let Applied { fields, edits } = write.change.apply(before, rules.bounds).map_err(|fault| match fault {
        ChangeFault::Invalid(details) => Refusal::Invalid(details),
        ChangeFault::TestFailed => Refusal::Conflict(Vec::new()),
    })?;
    let stale = if write.change.commutes() && !write.exact { None } else { stale_base(current, write, rules)? };
    if let Some(base) = stale {
        let clashes = |path: &Path| base > current || stamps.version_of(path, created_version) > base;
        let decisive = edits.iter().filter(|edit| !edit.commutes).map(|edit| &edit.path);
        let at_odds: Vec<Path> = decisive.filter(|path| clashes(path)).cloned().collect();
        if must_match(base, current, write, rules) || !at_odds.is_empty() {
            return Err(Refusal::Conflict(at_odds));
        }
    }
    if edits.is_empty() {
        return Ok(Decision::AlreadySo);
    }
    let is_changed = |name: &str| edits.iter().any(|edit| edit.path.top() == name);
    refuse_if_any(rules::check_changed(rules.collection, &fields, is_changed))?;
    let version = current + 1;
    for edit in &edits {
        match &edit.hlc {
            _ if edit.commutes => stamps.set(&edit.path, version, &created_hlc),
            Some(own) => stamps.set(&edit.path, version, &own.clone().clamped(write.latest_ms).to_string()),
            None => stamps.set(&edit.path, version, write.hlc),
        }
    }
    let restated = write.base != Some(current);
    put(&fields, version, created_version, stamps, restated, rules)
}

fn delete(live: &Live, write: Write<'_>, rules: WriteRules<'_>) -> Result<Decision, Refusal> {
    if let Some(base) = stale_base(live.version, write, rules)? {
        let recreated = live.created_version > base;
        let at_odds: Vec<Path> = match recreated {
            true => live.fields.keys().map(Path::field).collect(),
            false => live.stamps.changed_after(base).cloned().collect(),
        };
        if must_match(base, live.version, write, rules) || recreated || !at_odds.is_empty() {
            return Err(Refusal::Conflict(at_odds));
        }
    }
    Ok(Decision::Delete { version: live.version + 1 })
}

/// The version that the write is based on, if it says one and that is not the current one.
fn stale_base(current: i64, write: Write<'_>, rules: WriteRules<'_>) -> Result<Option<i64>, Refusal> {
    match write.base {
        None if rules.collection.preconditions == Preconditions::Required => Err(Refusal::PreconditionRequired),
        base => Ok(base.filter(|base| *base != current)),
    }
}

/// Whether a write that is not based on the current version conflicts whatever it changes. A version that was never made comes from
/// another history of the record.
fn must_match(base: i64, current: i64, write: Write<'_>, rules: WriteRules<'_>) -> bool {
    base > current || write.exact || rules.collection.conflict == ConflictPolicy::Record
}

fn put(
    fields: &Fields,
    version: i64,
    created_version: i64,
    mut stamps: PathStamps,
    restated: bool,
    rules: WriteRules<'_>,
) -> Result<Decision, Refusal> {
    check_fields(fields, rules.bounds).map_err(|fault| match fault {
        JsonFault::TooLarge(_) => Refusal::TooLarge,
        fault => Refusal::Invalid(details("data", fault.to_string())),
    })?;
    // Writing a tree of values into memory cannot fail.
    let body = serde_json::to_string(fields).unwrap_or_else(|_| "{}".to_owned());
    // Paths that were removed leave a stamp behind: a limit keeps those from growing for ever. Those of all that is there fit.
    let (path_stamps, floor) = stamps.fit_stored(rules.bounds.bytes.saturating_mul(4));
    let created_version = floor.as_ref().map_or(created_version, |floor| floor.0.max(created_version));
    let create_hlc = floor.map(|floor| floor.1);
    let own_stamps = OwnStamps { created: fields.contains_key("createdAt"), updated: fields.contains_key("updatedAt") };
    Ok(Decision::Put(Put { version, created_version, create_hlc, body, own_stamps, path_stamps, restated }))
}

fn refuse_if_any(faults: Details) -> Result<(), Refusal> {
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}

#[cfg(test)]
mod tests;

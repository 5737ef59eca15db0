//! Whether a write is accepted, and what it makes of the record: a pure function of the record, the write and the collection's rules.
//!
//! Invariants:
//! - An accepted write makes exactly the next version.
//! - A stale write is never accepted over a change that it did not know of: in a collection that merges by field, no field that it
//!   changes was changed after its base; in the others its base is the current version. Commuting edits are the exception, because
//!   they lose nothing.
//! - What is missing is never made by an update, and what is deleted is only made again by a create that knows the tombstone.

use super::rules;
use crate::config::{Collection, Config, ConflictPolicy, Preconditions};
use crate::model::{Change, ChangeFault, CollectionName, Details, FieldStamps, Fields, depth, details};
use crate::store::records::OwnStamps;

/// What is there.
#[derive(Debug, Clone, Copy)]
pub(super) enum CurrentRecord<'a> {
    /// Nothing, or nothing any more.
    Absent,
    /// A tombstone.
    Deleted {
        /// The version that the delete made.
        version: i64,
    },
    /// A record.
    Live(&'a Live),
}

/// A record, read for a decision.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) version: i64,
    /// The version that made it.
    pub(super) created_version: i64,
    pub(super) fields: Fields,
    pub(super) stamps: FieldStamps,
}

/// A write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proposal<'a> {
    pub(super) change: &'a Change,
    /// The version it is based on, if it says.
    pub(super) base: Option<i64>,
    /// The stamp of what it changes.
    pub(super) hlc: &'a str,
}

/// What every write is measured against.
#[derive(Debug, Clone, Copy)]
pub(super) struct WriteRules<'a> {
    pub(super) collection: &'a Collection,
    pub(super) max_record_bytes: usize,
    pub(super) max_depth: usize,
}

impl<'a> WriteRules<'a> {
    /// The rules of a collection.
    pub(super) fn of(config: &'a Config, name: &CollectionName) -> Self {
        let limits = &config.limits;
        Self {
            collection: config.collection(name),
            max_record_bytes: limits.max_record_bytes,
            max_depth: limits.max_json_depth,
        }
    }
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Decision {
    /// Store this.
    Put(Put),
    /// Make it a tombstone of this version.
    Delete {
        /// The next version.
        version: i64,
    },
    /// Nothing: what the write asks for is there.
    AlreadySo,
}

/// A record to be stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Put {
    pub(super) version: i64,
    pub(super) created_version: i64,
    pub(super) body: String,
    pub(super) own_stamps: OwnStamps,
    /// In their stored form.
    pub(super) field_stamps: Option<String>,
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
    /// There is one already.
    Exists,
    /// There was one.
    Deleted,
    /// It is based on another version; these fields are at odds.
    Conflict(Vec<String>),
    /// It must say what it is based on.
    PreconditionRequired,
}

/// Decides.
pub(super) fn decide(
    current: CurrentRecord<'_>,
    proposal: Proposal<'_>,
    rules: WriteRules<'_>,
) -> Result<Decision, Refusal> {
    match (proposal.change, current) {
        (Change::Create(fields), current) => create(fields, current, proposal, rules),
        (Change::Delete, CurrentRecord::Live(live)) => delete(live, proposal, rules),
        (Change::Delete, _) => Ok(Decision::AlreadySo),
        (_, CurrentRecord::Absent) => Err(Refusal::NotFound),
        (_, CurrentRecord::Deleted { .. }) => Err(Refusal::Deleted),
        (_, CurrentRecord::Live(live)) => update(live, proposal, rules),
    }
}

fn create(
    fields: &Fields,
    current: CurrentRecord<'_>,
    proposal: Proposal<'_>,
    rules: WriteRules<'_>,
) -> Result<Decision, Refusal> {
    let mut fields = fields.clone();
    let completed = rules::apply_defaults(rules.collection, &mut fields);
    let version = match current {
        CurrentRecord::Absent => 1,
        CurrentRecord::Deleted { version } if proposal.base == Some(version) => version + 1,
        CurrentRecord::Deleted { .. } => return Err(Refusal::Deleted),
        CurrentRecord::Live(live) if live.fields == fields => return Ok(Decision::AlreadySo),
        CurrentRecord::Live(_) => return Err(Refusal::Exists),
    };
    refuse_if_any(rules::check_new(rules.collection, &fields))?;
    for (name, value) in &fields {
        check_depth(name, value, rules)?;
    }
    let restated = completed || version != proposal.base.unwrap_or(0) + 1;
    put(&fields, version, version, &FieldStamps::default(), restated, rules)
}

fn update(live: &Live, proposal: Proposal<'_>, rules: WriteRules<'_>) -> Result<Decision, Refusal> {
    let applied = proposal.change.apply(&live.fields, rules.max_record_bytes).map_err(|fault| match fault {
        ChangeFault::Invalid(details) => Refusal::Invalid(details),
        ChangeFault::TestFailed => Refusal::Conflict(Vec::new()),
    })?;
    let stale = if proposal.change.commutes() { None } else { stale_base(live, proposal, rules)? };
    if let Some(base) = stale {
        let clashes = |name: &str| base > live.version || live.stamps.version_of(name, live.created_version) > base;
        let edits = applied.changed.iter().filter(|(_, commutes)| !commutes.0).map(|(name, _)| name);
        let at_odds: Vec<String> = edits.filter(|name| clashes(name)).cloned().collect();
        if must_match(base, live, rules) || !at_odds.is_empty() {
            return Err(Refusal::Conflict(at_odds));
        }
    }
    refuse_if_any(rules::check_changed(rules.collection, &applied.fields, |name| applied.changed.contains_key(name)))?;
    let version = live.version + 1;
    let mut stamps = live.stamps.clone();
    for name in applied.changed.keys() {
        if let Some(value) = applied.fields.get(name) {
            check_depth(name, value, rules)?;
        }
        stamps.set(name, version, proposal.hlc);
    }
    let restated = proposal.base != Some(live.version);
    put(&applied.fields, version, live.created_version, &stamps, restated, rules)
}

fn delete(live: &Live, proposal: Proposal<'_>, rules: WriteRules<'_>) -> Result<Decision, Refusal> {
    if let Some(base) = stale_base(live, proposal, rules)? {
        let recreated = live.created_version > base;
        let at_odds: Vec<String> = match recreated {
            true => live.fields.keys().cloned().collect(),
            false => live.stamps.changed_after(base).map(str::to_owned).collect(),
        };
        if must_match(base, live, rules) || recreated || !at_odds.is_empty() {
            return Err(Refusal::Conflict(at_odds));
        }
    }
    Ok(Decision::Delete { version: live.version + 1 })
}

/// The version that the write is based on, if it says one and that is not the current one.
fn stale_base(live: &Live, proposal: Proposal<'_>, rules: WriteRules<'_>) -> Result<Option<i64>, Refusal> {
    match proposal.base {
        None if rules.collection.preconditions == Preconditions::Required => Err(Refusal::PreconditionRequired),
        base => Ok(base.filter(|base| *base != live.version)),
    }
}

/// Whether a write that is not based on the current version conflicts whatever it changes. A version that was never made comes from
/// another history of the record.
fn must_match(base: i64, live: &Live, rules: WriteRules<'_>) -> bool {
    base > live.version || rules.collection.conflict == ConflictPolicy::Record
}

fn put(
    fields: &Fields,
    version: i64,
    created_version: i64,
    stamps: &FieldStamps,
    restated: bool,
    rules: WriteRules<'_>,
) -> Result<Decision, Refusal> {
    // Writing a tree of values into memory cannot fail.
    let body = serde_json::to_string(fields).unwrap_or_else(|_| "{}".to_owned());
    let field_stamps = stamps.to_stored();
    // Fields that were removed leave a stamp behind; the same limit keeps those from growing for ever.
    let history = field_stamps.as_ref().map_or(0, String::len);
    if body.len().max(history) > rules.max_record_bytes {
        return Err(Refusal::TooLarge);
    }
    let own_stamps = OwnStamps { created: fields.contains_key("createdAt"), updated: fields.contains_key("updatedAt") };
    Ok(Decision::Put(Put { version, created_version, body, own_stamps, field_stamps, restated }))
}

fn refuse_if_any(faults: Details) -> Result<(), Refusal> {
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}

fn check_depth(name: &str, value: &serde_json::Value, rules: WriteRules<'_>) -> Result<(), Refusal> {
    // The record itself is a level.
    if depth(value) < rules.max_depth {
        return Ok(());
    }
    Err(Refusal::Invalid(details(name, format!("is nested more than {} levels deep", rules.max_depth))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FieldOp;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn fields() -> impl Strategy<Value = Fields> {
        let value = prop_oneof![Just(Value::Null), (0i64..3).prop_map(Value::from), Just(json!({"a": 1}))];
        prop::collection::btree_map("[xyz]", value, 0..4).prop_map(|fields| fields.into_iter().collect())
    }

    fn live() -> impl Strategy<Value = Live> {
        let stamped = prop::collection::btree_map("[xyz]", 1i64..6, 0..4);
        (fields(), stamped, 1i64..4).prop_map(|(fields, stamped, created_version)| {
            let mut stamps = FieldStamps::default();
            for (name, version) in &stamped {
                stamps.set(name, created_version + version, "1:0:d");
            }
            Live {
                version: created_version + stamped.values().max().copied().unwrap_or(0),
                created_version,
                fields,
                stamps,
            }
        })
    }

    fn change() -> impl Strategy<Value = Change> {
        let increment = "[xyz]".prop_map(|name| json!({"op": "inc", "path": format!("/{name}"), "by": 1}));
        let set = ("[xyz]", 0i64..3).prop_map(|(name, n)| json!({"op": "set", "path": format!("/{name}"), "value": n}));
        let op = prop_oneof![increment, set].prop_map(|op| FieldOp::decode(op).unwrap());
        prop_oneof![
            fields().prop_map(Change::Create),
            fields().prop_map(Change::Merge),
            fields().prop_map(Change::Replace),
            prop::collection::vec(op, 1..4).prop_map(Change::FieldOps),
            Just(Change::Delete),
        ]
    }

    fn collection() -> impl Strategy<Value = Collection> {
        (any::<bool>(), any::<bool>()).prop_map(|(record, required)| Collection {
            conflict: if record { ConflictPolicy::Record } else { ConflictPolicy::Field },
            preconditions: if required { Preconditions::Required } else { Preconditions::Optional },
            ..Collection::default()
        })
    }

    fn decided(live: &Live, change: &Change, base: Option<i64>, collection: &Collection) -> Result<Decision, Refusal> {
        let rules = WriteRules { collection, max_record_bytes: 10_000, max_depth: 64 };
        decide(CurrentRecord::Live(live), Proposal { change, base, hlc: "2:0:e" }, rules)
    }

    proptest! {
        #[test]
        fn what_is_accepted_makes_the_next_version_and_leaves_other_fields_alone(
            live in live(), change in change(), base in prop::option::of(0i64..12), collection in collection()
        ) {
            match decided(&live, &change, base, &collection) {
                Ok(Decision::Put(put)) => {
                    prop_assert_eq!((put.version, put.created_version), (live.version + 1, live.created_version));
                    prop_assert_eq!(put.restated, base != Some(live.version));
                    let after: Fields = serde_json::from_str(&put.body).unwrap();
                    let stamps = FieldStamps::from_stored(put.field_stamps.as_deref()).unwrap();
                    for name in ["x", "y", "z"] {
                        let changed = after.get(name) != live.fields.get(name);
                        let stamped = stamps.version_of(name, put.created_version) == put.version;
                        prop_assert_eq!(changed, stamped, "the stamp of {} tells whether it changed", name);
                    }
                }
                Ok(Decision::Delete { version }) => prop_assert_eq!(version, live.version + 1),
                Ok(Decision::AlreadySo) => prop_assert_eq!(change, Change::Create(live.fields)),
                Err(Refusal::Exists) => prop_assert!(matches!(change, Change::Create(_))),
                Err(Refusal::PreconditionRequired) => prop_assert!(base.is_none() && !change.commutes()),
                Err(Refusal::Conflict(_)) => prop_assert!(base.is_some() && base != Some(live.version) && !change.commutes()),
                Err(other) => prop_assert!(false, "{:?}", other),
            }
        }

        #[test]
        fn nothing_is_written_over_that_the_writer_did_not_know_of(
            live in live(), patch in fields(), base in 0i64..12, collection in collection()
        ) {
            if let Ok(Decision::Put(put)) = decided(&live, &Change::Merge(patch), Some(base), &collection)
                && base != live.version
            {
                prop_assert!(base < live.version && collection.conflict == ConflictPolicy::Field);
                let after: Fields = serde_json::from_str(&put.body).unwrap();
                for name in ["x", "y", "z"] {
                    let unseen = live.stamps.version_of(name, live.created_version) > base;
                    prop_assert!(!unseen || after.get(name) == live.fields.get(name), "{} was changed meanwhile", name);
                }
            }
        }

        #[test]
        fn a_write_based_on_what_is_there_is_never_a_conflict(live in live(), change in change(), collection in collection()) {
            let result = decided(&live, &change, Some(live.version), &collection);
            prop_assert!(!matches!(result, Err(Refusal::Conflict(_) | Refusal::PreconditionRequired)), "{:?}", result);
        }

        #[test]
        fn the_missing_and_the_dead_stay_so(change in change(), base in prop::option::of(0i64..5), version in 1i64..5) {
            let collection = Collection::default();
            let rules = WriteRules { collection: &collection, max_record_bytes: 10_000, max_depth: 64 };
            let proposal = Proposal { change: &change, base, hlc: "2:0:e" };
            let is_create = matches!(change, Change::Create(_));
            match decide(CurrentRecord::Absent, proposal, rules) {
                Ok(Decision::Put(put)) => prop_assert!(is_create && put.version == 1),
                Ok(Decision::AlreadySo) => prop_assert_eq!(&change, &Change::Delete),
                other => prop_assert_eq!(other, Err(Refusal::NotFound)),
            }
            match decide(CurrentRecord::Deleted { version }, proposal, rules) {
                Ok(Decision::Put(put)) => prop_assert!(is_create && base == Some(version) && put.created_version == version + 1),
                Ok(Decision::AlreadySo) => prop_assert_eq!(&change, &Change::Delete),
                other => prop_assert_eq!(other, Err(Refusal::Deleted)),
            }
        }
    }
}

use super::*;
use crate::model::field_ops;
use holm_protocol::change::{Changes, same};
use holm_protocol::hlc::Hlc;
use holm_protocol::limits::Limits;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Every path that a test record can have, and some below.
const PATHS: [&str; 8] = ["/x", "/y", "/x/p", "/x/q", "/y/p", "/x/p/p", "/x/p/q", "/y/q"];

fn value() -> impl Strategy<Value = Value> {
    let leaf = || prop_oneof![Just(Value::Null), (0i64..3).prop_map(Value::from)];
    let inner = prop_oneof![
        2 => leaf(), 1 => prop::collection::btree_map("[pq]", leaf(), 0..3).prop_map(|m| Value::Object(m.into_iter().collect()))
    ];
    let object = prop::collection::btree_map("[pq]", inner, 0..3);
    prop_oneof![1 => leaf(), 1 => object.prop_map(|members| Value::Object(members.into_iter().collect()))]
}

fn fields() -> impl Strategy<Value = Fields> {
    prop::collection::btree_map("[xy]", value(), 0..3).prop_map(|fields| fields.into_iter().collect())
}

fn path() -> impl Strategy<Value = Path> {
    prop::sample::select(&PATHS[..]).prop_map(|pointer| Path::parse(pointer).unwrap())
}

fn live() -> impl Strategy<Value = Live> {
    let stamped = prop::collection::vec((path(), 1i64..6, 1i64..9), 0..4);
    (fields(), stamped, 1i64..4).prop_map(|(fields, mut stamped, created_version)| {
        stamped.sort_by_key(|(_, version, _)| *version);
        let mut stamps = PathStamps::default();
        for (path, version, ms) in &stamped {
            stamps.set(path, created_version + version, &format!("{ms}:0:d"));
        }
        let version = created_version + stamped.last().map_or(0, |(_, version, _)| *version);
        Live { version, created_version, created_hlc: "0:0:c".to_owned(), fields, stamps }
    })
}

fn op() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![Just("inc"), Just("set"), Just("remove"), Just("addToSet")];
    (kind, path(), value()).prop_map(
        |(kind, path, value)| json!({"op": kind, "path": path.to_string(), "value": value, "by": 1, "values": [1]}),
    )
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => fields().prop_map(Change::Create),
        2 => fields().prop_map(Change::Merge),
        1 => fields().prop_map(Change::Replace),
        2 => prop::collection::vec(op(), 1..4).prop_map(|ops| Change::FieldOps(field_ops(ops, 64).unwrap())),
        1 => Just(Change::Delete),
    ]
}

fn collection() -> impl Strategy<Value = Collection> {
    (any::<bool>(), any::<bool>()).prop_map(|(record, required)| Collection {
        conflict: if record { ConflictPolicy::Record } else { ConflictPolicy::Field },
        preconditions: if required { Preconditions::Required } else { Preconditions::Optional },
        ..Collection::default()
    })
}

fn write(change: &Change, base: Option<i64>) -> Write<'_> {
    Write { change, base, exact: false, hlc: "2:0:e", latest_ms: 1000 }
}

fn decided(live: &Live, change: &Change, base: Option<i64>, collection: &Collection) -> Result<Decision, Refusal> {
    let rules = WriteRules { collection, bounds: Limits::default().record(), max_patch_ops: 1000 };
    decide(CurrentRecord::Live(live.clone()), write(change, base), rules)
}

/// The stamp of a path, as devices read it from the entries.
fn stamp_of(stamps: &PathStamps, path: &Path) -> Hlc {
    let met = stamps.iter().filter(|(entry, _)| entry.meets(path)).map(|(_, stamp)| stamp.1.as_str());
    met.chain(["0:0:c"]).map(|hlc| Hlc::parse(hlc).unwrap()).max().unwrap()
}

fn unchanged(before: &Fields, after: &Fields, path: &Path) -> bool {
    match (Changes::value_at(before, path), Changes::value_at(after, path)) {
        (Some(before), Some(after)) => same(before, after),
        (before, after) => before.is_none() && after.is_none(),
    }
}

proptest! {
    #[test]
    fn accepted_write_makes_the_next_version_and_stamps_it(
        live in live(), change in change(), base in prop::option::of(0i64..12), collection in collection()
    ) {
        match decided(&live, &change, base, &collection) {
            Ok(Decision::Put(put)) => {
                prop_assert_eq!((put.version, put.created_version), (live.version + 1, live.created_version));
                prop_assert_eq!(put.restated, base != Some(live.version));
                let after: Fields = serde_json::from_str(&put.body).unwrap();
                prop_assert!(!between(&live.fields, &after, Stamp::default()).is_empty());
                let stamps = PathStamps::from_stored(put.path_stamps.as_deref()).unwrap();
                for path in PATHS.iter().map(|pointer| Path::parse(pointer).unwrap()) {
                    let stamped = stamps.version_of(&path, put.created_version) == put.version;
                    prop_assert!(stamped || unchanged(&live.fields, &after, &path), "{} changed without a stamp", path);
                }
            }
            Ok(Decision::Delete { version }) => prop_assert_eq!(version, live.version + 1),
            Ok(Decision::AlreadySo) => {
                let after = change.apply(live.fields.clone(), Limits::default().record()).unwrap().fields;
                prop_assert!(between(&live.fields, &after, Stamp::default()).is_empty());
            }
            Err(Refusal::Exists) => prop_assert!(matches!(change, Change::Create(_))),
            Err(Refusal::PreconditionRequired) => prop_assert!(base.is_none() && !change.commutes()),
            Err(Refusal::Conflict(_)) => prop_assert!(base.is_some() && base != Some(live.version) && !change.commutes()),
            Err(other) => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn audit_a2_stamp_of_a_path_never_goes_back(live in live(), change in change(), ms in 0i64..12, room in 40usize..400) {
        let hlc = format!("{ms}:0:e");
        let bounds = Limits::default().record();
        let rules = WriteRules { collection: &Collection::default(), bounds, max_patch_ops: 1000 };
        let write = Write { hlc: &hlc, ..write(&change, None) };
        if let Ok(Decision::Put(put)) = decide(CurrentRecord::Live(live.clone()), write, rules) {
            let mut stamps = PathStamps::from_stored(put.path_stamps.as_deref()).unwrap();
            for path in PATHS.iter().map(|pointer| Path::parse(pointer).unwrap()) {
                prop_assert!(stamp_of(&stamps, &path) >= stamp_of(&live.stamps, &path), "{} of {:?}", path, stamps);
            }
            // Told with fewer entries, no path is older than it was.
            let all = stamps.clone();
            let (_, floor) = stamps.fit_stored(room);
            for path in PATHS.iter().map(|pointer| Path::parse(pointer).unwrap()).filter(|_| floor.is_none()) {
                prop_assert!(stamp_of(&stamps, &path) >= stamp_of(&all, &path), "{} of {:?}", path, stamps);
            }
        }
    }

    #[test]
    fn audit_a2_commuting_edit_does_not_decide_which_value_is_later(live in live(), path in path(), ms in 0i64..12) {
        let hlc = format!("{ms}:0:e");
        let inc = json!({"op": "inc", "path": path.to_string(), "by": 1});
        let change = Change::FieldOps(field_ops(vec![inc], 64).unwrap());
        let rules = WriteRules { collection: &Collection::default(), bounds: Limits::default().record(), max_patch_ops: 1000 };
        let write = Write { hlc: &hlc, ..write(&change, None) };
        if let Ok(Decision::Put(put)) = decide(CurrentRecord::Live(live.clone()), write, rules) {
            let stamps = PathStamps::from_stored(put.path_stamps.as_deref()).unwrap();
            prop_assert_eq!(stamp_of(&stamps, &path), stamp_of(&live.stamps, &path));
        }
    }

    #[test]
    fn stale_write_never_overwrites_an_unseen_change(
        live in live(), patch in fields(), replace in any::<bool>(), base in 0i64..12, collection in collection()
    ) {
        let change = if replace { Change::Replace(patch) } else { Change::Merge(patch) };
        if let Ok(Decision::Put(put)) = decided(&live, &change, Some(base), &collection)
            && base != live.version
        {
            prop_assert!(base < live.version && collection.conflict == ConflictPolicy::Field);
            let after: Fields = serde_json::from_str(&put.body).unwrap();
            for path in PATHS.iter().map(|pointer| Path::parse(pointer).unwrap()) {
                let entry = live.stamps.iter().find(|(entry, _)| **entry == path);
                let unseen = entry.is_some_and(|(_, stamp)| stamp.0 > base);
                prop_assert!(!unseen || unchanged(&live.fields, &after, &path), "{} was changed meanwhile", path);
            }
        }
    }

    #[test]
    fn exact_write_passes_only_on_its_own_version(live in live(), change in change(), base in 0i64..12) {
        let collection = Collection::default();
        let rules = WriteRules { collection: &collection, bounds: Limits::default().record(), max_patch_ops: 1000 };
        let write = Write { exact: true, ..write(&change, Some(base)) };
        match decide(CurrentRecord::Live(live.clone()), write, rules) {
            Ok(Decision::Put(_) | Decision::Delete { .. }) => prop_assert_eq!(base, live.version),
            Ok(Decision::AlreadySo) => prop_assert!(base == live.version || matches!(change, Change::Create(_))),
            Err(Refusal::Conflict(_)) => prop_assert_ne!(base, live.version),
            Err(Refusal::Exists) => prop_assert!(matches!(change, Change::Create(_))),
            Err(other) => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn conflict_names_edited_paths_that_meet_unseen_entries(
        live in live(), change in change(), base in 0i64..12
    ) {
        let decision = decided(&live, &change, Some(base), &Collection::default());
        if let Err(Refusal::Conflict(paths)) = decision && base < live.version {
            prop_assert!(!paths.is_empty() || live.fields.is_empty());
            for path in &paths {
                let met = live.stamps.iter().any(|(entry, stamp)| entry.meets(path) && stamp.0 > base);
                prop_assert!(met || live.created_version > base, "{}", path);
            }
        }
    }

    #[test]
    fn write_based_on_the_current_version_never_conflicts(
        live in live(), change in change(), collection in collection()
    ) {
        let result = decided(&live, &change, Some(live.version), &collection);
        prop_assert!(!matches!(result, Err(Refusal::Conflict(_) | Refusal::PreconditionRequired)), "{:?}", result);
    }

    #[test]
    fn update_never_creates_missing_or_deleted_records(
        change in change(), base in prop::option::of(0i64..5), version in 1i64..5
    ) {
        let collection = Collection::default();
        let rules = WriteRules { collection: &collection, bounds: Limits::default().record(), max_patch_ops: 1000 };
        let is_create = matches!(change, Change::Create(_));
        match decide(CurrentRecord::Absent, write(&change, base), rules) {
            Ok(Decision::Put(put)) => prop_assert!(is_create && put.version == 1),
            Ok(Decision::AlreadySo) => prop_assert_eq!(&change, &Change::Delete),
            other => prop_assert_eq!(other, Err(Refusal::NotFound)),
        }
        match decide(CurrentRecord::Deleted { version }, write(&change, base), rules) {
            Ok(Decision::Put(put)) => {
                prop_assert!(is_create && base == Some(version) && put.created_version == version + 1);
            }
            Ok(Decision::AlreadySo) => prop_assert_eq!(&change, &Change::Delete),
            other => prop_assert_eq!(other, Err(Refusal::Deleted)),
        }
    }
}

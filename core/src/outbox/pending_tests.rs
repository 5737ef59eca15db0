//! A document's pending state without a database: whatever happens, no operation disappears without an outcome, and no value without a
//! loss.

use super::park::{give_up, queue_again};
use super::pending_bench::{Bench, device, fields};
use super::*;
use crate::conflict::{Rules, Strategy as Conflicts};
use crate::model::{DocumentId, OpError, OpEvent, OpId, Stamp, WriteOutcome};
use crate::store::documents::DocumentRow;
use crate::store::journal::LossReason;
use crate::store::{Committed, Durability, Location, Store, StoreEvent, collections, documents, operations};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

#[test]
fn core_l2_a_delete_behind_an_unanswered_write_stands_after_a_refresh() {
    for strategy in [Conflicts::Merge, Conflicts::ServerWins] {
        let mut bench = Bench::new(strategy, &json!({"title": "old"}));
        bench.update(&json!({"title": "new"}));
        bench.lease();
        let op = bench.pending.ops[0].clone();
        bench.server_applies(&op);
        bench.lose_reply();
        bench.delete();
        bench.pull(Some(op.op_id));
        assert_eq!((bench.shown(), bench.pending.ops.len()), (Value::Null, 1), "{strategy:?}");
        bench.exchange();
        assert_eq!(bench.server, None);
    }
}

#[test]
fn core_l2_a_delete_behind_an_unanswered_write_meets_another_devices_edit() {
    let mut bench = Bench::new(Conflicts::Merge, &json!({"title": "old"}));
    bench.update(&json!({"title": "new"}));
    bench.lease();
    let op = bench.pending.ops[0].clone();
    bench.server_applies(&op);
    bench.lose_reply();
    bench.delete();
    bench.other(&json!({"note": "theirs"}));
    bench.pull(Some(op.op_id));
    // An edit outlives a delete.
    assert_eq!(bench.shown(), json!({"title": "new", "note": "theirs"}));
    bench.everything_is_accounted_for();
}

#[test]
fn core_l3_a_server_default_does_not_override_a_delete() {
    let mut bench = Bench::new(Conflicts::Merge, &json!({"title": "x"}));
    bench.update(&json!({"title": "y"}));
    bench.lease();
    let op = bench.pending.ops[0].clone();
    bench.delete();
    bench.server_applies(&op);
    bench.server.as_mut().unwrap().insert("state".into(), json!("open"));
    let record = bench.state(Some(op.op_id));
    let ack =
        Acknowledgement { version: Some(2), seq: Some(2), updated_ms: None, record: Some(&record), generation: 1 };
    let rebased = acknowledge(&mut bench.pending, &bench.device, &bench.rules, 0, &ack).unwrap();
    bench.settle();
    assert_eq!((rebased.conflict, bench.shown(), bench.pending.ops.len()), (false, Value::Null, 1));
    assert_eq!(bench.pending.ended[0].1, WriteOutcome::Accepted(Some(2)));
}

#[test]
fn core_l4_an_increment_behind_a_set_is_never_dropped_with_it() {
    for (theirs, title, end) in [(5, "B", 6), (7, "B", 8)] {
        let mut bench = Bench::new(Conflicts::ServerWins, &json!({"n": 0, "title": "x"}));
        bench.update(&json!({"n": 5, "title": "A"}));
        bench.lease();
        bench.lose_reply();
        bench.update(&json!({"n": {"$inc": 1}}));
        bench.other(&json!({"n": theirs, "title": title}));
        bench.exchange();
        assert_eq!(bench.shown(), json!({"n": end, "title": "B"}));
        bench.exchange();
        assert_eq!(bench.server, Some(fields(&json!({"n": end, "title": "B"}))));
        bench.everything_is_accounted_for();
    }
}

#[test]
fn f05_a_write_behind_an_acknowledged_one_is_based_on_its_version() {
    let mut bench = Bench::new(Conflicts::ServerWins, &json!({"n": 1}));
    bench.update(&json!({"n": 2}));
    bench.update(&json!({"n": 3}));
    bench.exchange();
    assert_eq!(bench.pending.ops[0].base_version, Some(2), "else the server refuses it because of our own write");
}

#[test]
fn core_l4_an_increment_is_not_joined_to_a_set_that_loses_later() {
    let mut bench = Bench::new(Conflicts::ServerWins, &json!({"n": 0, "title": "x"}));
    bench.update(&json!({"n": 5}));
    bench.update(&json!({"n": {"$inc": 1}}));
    // The first refusal clashes with neither, and both are open after it.
    bench.other(&json!({"title": "theirs"}));
    bench.exchange();
    bench.other(&json!({"n": 7}));
    bench.exchange();
    assert_eq!(bench.shown(), json!({"n": 8, "title": "theirs"}));
    bench.everything_is_accounted_for();
}

/// The set says what the server holds already, so nothing of it is left to send: nor is the edit that it overwrote.
#[test]
fn an_edit_before_a_set_is_never_sent_without_it() {
    for strategy in [Conflicts::Merge, Conflicts::ServerWins, Conflicts::LocalWins] {
        let mut bench = Bench::new(strategy, &json!({"n": 0, "tags": [], "o": {"n": 3}}));
        bench.update(&json!({"n": 1}));
        bench.lease();
        bench.lose_reply();
        bench.update(&json!({"tags": {"$addToSet": ["a"]}, "o": {"n": {"$inc": 2}}}));
        bench.update(&json!({"tags": [], "o": {"n": 3}}));
        let sent = bench.pending.ops[0].clone();
        bench.server_applies(&sent);
        bench.pull(Some(sent.op_id));
        let expected = json!({"n": 1, "tags": [], "o": {"n": 3}});
        assert_eq!(bench.shown(), expected, "{strategy:?}");
        while !bench.pending.ops.is_empty() {
            bench.exchange();
        }
        assert_eq!(bench.server, Some(fields(&expected)), "{strategy:?}");
        bench.everything_is_accounted_for();
    }
}

#[test]
fn core_r4_a_clash_in_an_object_decides_one_member() {
    let mut bench = Bench::new(Conflicts::ServerWins, &json!({"o": {"x": 0, "y": 0}}));
    bench.update(&json!({"o": {"x": 1, "y": 1}}));
    bench.other(&json!({"o": {"x": 2, "z": 2}}));
    bench.exchange();
    bench.exchange();
    assert_eq!(bench.server, Some(fields(&json!({"o": {"x": 2, "y": 1, "z": 2}}))));
    assert_eq!(bench.pending.losses.len(), 1);
}

#[test]
fn core_r7_a_discarded_nested_change_does_not_travel_on() {
    let mut bench = Bench::new(Conflicts::Merge, &json!({"o": {"x": 0, "y": 0}}));
    bench.update(&json!({"o": {"x": 666}}));
    bench.pending.ops[0].on(OpEvent::Refused(OpError::new("X", "")));
    bench.update(&json!({"o": {"y": 1}}));
    let first = bench.pending.ops[0].op_seq;
    give_up(&mut bench.pending, &bench.device, LossReason::Discarded, &|op| op.op_seq == first).unwrap();
    bench.settle();
    assert_eq!(bench.shown(), json!({"o": {"x": 0, "y": 1}}));
    bench.exchange();
    assert_eq!(bench.server, Some(fields(&json!({"o": {"x": 0, "y": 1}}))));
    bench.everything_is_accounted_for();
}

#[test]
fn core_r7_a_write_behind_a_discarded_one_starts_from_before_it() {
    let mut bench = Bench::new(Conflicts::ServerWins, &json!({"n": 1}));
    bench.update(&json!({"n": 2}));
    bench.update(&json!({"n": 3}));
    let first = bench.pending.ops[0].op_seq;
    give_up(&mut bench.pending, &bench.device, LossReason::Discarded, &|op| op.op_seq == first).unwrap();
    bench.settle();
    bench.other(&json!({"title": "theirs"}));
    bench.exchange();
    bench.exchange();
    // The server's 1 is what the user saw before: no other device has set it.
    assert_eq!(bench.server, Some(fields(&json!({"n": 3, "title": "theirs"}))));
    bench.everything_is_accounted_for();
}

#[derive(Debug, Clone)]
enum Step {
    Update(Value),
    Delete,
    Lease,
    LoseReply,
    ServerApplies,
    Other(Value),
    Pull,
    Exchange,
    Park,
    Retry,
    Discard,
}

fn patch() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0i64..3).prop_map(|n| json!({"n": n})),
        (1i64..3).prop_map(|n| json!({"n": {"$inc": n}})),
        (0i64..3).prop_map(|n| json!({"o": {"x": n}})),
        (0i64..3).prop_map(|n| json!({"o": {"y": n, "x": null}})),
        Just(json!({"o": null})),
        Just(json!({"o": 5})),
        (0i64..3).prop_map(|n| json!({"t": {"$addToSet": [n]}})),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => patch().prop_map(Step::Update),
        1 => Just(Step::Delete),
        1 => Just(Step::Lease),
        1 => Just(Step::LoseReply),
        1 => Just(Step::ServerApplies),
        2 => patch().prop_map(Step::Other),
        2 => Just(Step::Pull),
        3 => Just(Step::Exchange),
        1 => Just(Step::Park),
        1 => Just(Step::Retry),
        1 => Just(Step::Discard),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_operation_disappears_without_an_outcome_or_a_loss(
        steps in prop::collection::vec(step(), 1..24),
        strategy in prop_oneof![
            Just(Conflicts::Merge), Just(Conflicts::ServerWins), Just(Conflicts::LocalWins),
            Just(Conflicts::LastWriteWins), Just(Conflicts::Prompt),
        ],
    ) {
        let mut bench = Bench::new(strategy, &json!({"n": 0, "o": {"x": 0}}));
        let mut unknown: Option<OpId> = None;
        for step in steps {
            match step {
                Step::Update(patch) => bench.update(&patch),
                Step::Delete => bench.delete(),
                Step::Lease => bench.lease(),
                Step::LoseReply => bench.lose_reply(),
                Step::ServerApplies => {
                    let head = bench.pending.ops.first().cloned();
                    if let Some(op) = head.filter(|op| op.was_sent() && unknown.is_none() && op.base_version == Some(bench.version)) {
                        bench.server_applies(&op);
                        unknown = Some(op.op_id);
                        bench.lose_reply();
                    }
                }
                Step::Other(patch) if unknown.is_none() => bench.other(&patch),
                Step::Pull => bench.pull(unknown.take()),
                Step::Exchange if unknown.is_none() => bench.exchange(),
                Step::Other(_) | Step::Exchange => {}
                Step::Park => {
                    if bench.pending.ops.first().is_some_and(|op| op.was_sent()) && unknown.is_none() {
                        park(&mut bench.pending, 0, OpError::new("X", "")).unwrap();
                    }
                }
                Step::Retry => {
                    queue_again(&mut bench.pending, &|_| true);
                    bench.settle();
                }
                Step::Discard => {
                    let head = bench.pending.ops.first().map(|op| (op.op_seq, op.is_open() || op.is_parked()));
                    if let Some((op_seq, true)) = head {
                        give_up(&mut bench.pending, &bench.device, LossReason::Discarded, &|op| op.op_seq == op_seq).unwrap();
                        bench.settle();
                    }
                }
            }
            bench.everything_is_accounted_for();
        }
    }
}

#[test]
fn a_create_that_is_stored_at_once_is_the_one_that_would_be_saved() {
    let written = |unseen: bool| {
        let told = Arc::new(Mutex::new(Vec::new()));
        let notes = told.clone();
        let observer = move |event: StoreEvent<'_>| {
            if let StoreEvent::Committed(Committed { rows, settled, queued, counts, .. }) = event {
                notes.lock().unwrap().push((rows, settled, queued, counts));
            }
        };
        let store = Store::open(Location::Memory, Durability::Full, 0, Arc::new(observer)).unwrap();
        let (op_id, stamp) = (OpId::from_bytes([7; 16]), Stamp { ms: 5, counter: 3 });
        let stored = store
            .write_blocking(move |tx| {
                let collection = collections::ensure(tx, "tasks")?;
                let ticket = Ticket { op_seq: operations::next_number(tx)?, op_id, stamp, group: None };
                let (id, rules, references) = (DocumentId::new("d")?, Rules::default(), References::default());
                let place =
                    Place { collection, name: "tasks", rules: &rules, id: &id, group: None, references: &references };
                let body = r#"{"title":"x"}"#;
                if unseen {
                    assert!(Pending::create_unseen(tx, &place, &ticket, body)?);
                    assert!(!Pending::create_unseen(tx, &place, &ticket, body)?, "it is there now");
                } else {
                    let mut pending = Pending::unknown(DocumentRow::new(collection, "d"));
                    write::make(&mut pending, &place, &ticket, body.to_owned())?;
                    pending.save(tx, &device())?;
                }
                let row = documents::find(tx, collection, "d")?.unwrap();
                let ops = operations::of_document(tx, row.row)?;
                Ok((row, ops, operations::next_number(tx)?, operations::last_number(tx)?))
            })
            .unwrap();
        let told = told.lock().unwrap().clone();
        (stored, told)
    };
    let at_once = written(true);
    assert_eq!(at_once, written(false));
    assert_eq!((at_once.0.1.len(), at_once.0.2, at_once.0.3), (1, 2, 1));
}

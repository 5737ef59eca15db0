use super::*;
use crate::model::{Change, Edit, Fields, OpId, OpState};
use proptest::prelude::*;
use serde_json::{Value, json};

fn operation(kind: OpKind, changes: Option<Changes>) -> Operation {
    Operation {
        op_seq: 1,
        op_id: OpId::from_bytes([7; 16]),
        document: 1,
        collection: 1,
        doc_id: "d".into(),
        kind,
        state: OpState::Open,
        base_version: None,
        changes,
        before: Seen::default(),
        stamp: Stamp { ms: 1, counter: 0 },
        group: None,
        attempts: 0,
        rounds: 0,
        not_before_ms: 0,
        last_error: None,
        absorbed: Vec::new(),
        action: None,
    }
}

fn ticket() -> Ticket {
    let stamp = Stamp { ms: 2, counter: 0 };
    Ticket { op_seq: 2, op_id: OpId::from_bytes([8; 16]), stamp, group: None }
}

fn fields(value: Value) -> Fields {
    value.as_object().unwrap().clone()
}

fn changes() -> impl Strategy<Value = Changes> {
    let edit = prop_oneof![
        (0i64..4).prop_map(|n| Edit::Set(n.into())),
        Just(Edit::Unset),
        Just(Edit::Set(Value::Null)),
        (1i64..3).prop_map(|n| Edit::Inc(n.into())),
    ];
    let path = prop_oneof![Just("/a"), Just("/b"), Just("/o/x"), Just("/o/y")];
    prop::collection::btree_map(path, edit, 1..4).prop_map(|edits| {
        let stamped = |(path, edit)| (Path::parse(path).unwrap(), Change { edit, stamp: Stamp { ms: 1, counter: 0 } });
        edits.into_iter().map(stamped).collect()
    })
}

/// What the server holds after an operation. `None`: deleted or never made.
fn server(state: Option<Fields>, op: &Operation) -> Option<Fields> {
    let mut fields = match op.kind {
        OpKind::Delete => return None,
        OpKind::Create => fields(json!({"o": {}})),
        OpKind::Update | OpKind::Action => state?,
    };
    op.changes.as_ref().unwrap().apply(&mut fields);
    Some(fields)
}

proptest! {
    #[test]
    fn the_server_ends_where_it_would_have_ended(created in any::<bool>(), first in changes(), second in changes(), delete in any::<bool>()) {
        let start = (!created).then(|| fields(json!({"a": 1, "c": "x", "o": {"x": 1}})));
        let mut one = operation(if created { OpKind::Create } else { OpKind::Update }, Some(first));
        let two = operation(if delete { OpKind::Delete } else { OpKind::Update }, (!delete).then(|| second.clone()));
        let after = server(server(start.clone(), &one), &two);
        let apart = !created && !delete && folds_into_set(&one, &second);
        let next = if delete { Next::Delete } else { Next::Update { changes: second, before: Seen::default() } };
        match join(&mut one, &next, &ticket()) {
            Merge::Joined => prop_assert_eq!(server(start, &one), after),
            Merge::Withdrawn => prop_assert!(created && after.is_none()),
            Merge::Append => prop_assert!(apart, "open operations join"),
        }
    }

    #[test]
    fn what_the_user_saw_first_is_kept(first in changes(), second in changes()) {
        let start = fields(json!({"a": 1, "c": "x", "o": {"x": 1}}));
        let mut one = operation(OpKind::Update, Some(first.clone()));
        one.before = Seen::of(&first, &start);
        let mut shown = start.clone();
        first.apply(&mut shown);
        let before = Seen::of(&second, &shown);
        join(&mut one, &Next::Update { changes: second, before }, &ticket());
        let joined = one.changes.unwrap();
        prop_assert_eq!(one.before, Seen::of(&joined, &start));
    }
}

#[test]
fn audit_a3_edits_that_commute_do_not_join_a_set_of_their_place() {
    let one = |path: &str, edit| Changes::one(Path::parse(path).unwrap(), edit, Stamp { ms: 1, counter: 0 });
    let add = || Edit::EditSet { add: vec![json!("y")], remove: Vec::new() };
    let inc = || Edit::Inc(1.into());
    let group = || Some("g".to_owned());
    for (kind, first, second, group, expected) in [
        (OpKind::Update, one("/n", Edit::Set(json!(5))), one("/n", inc()), None, Merge::Append),
        (OpKind::Update, one("/o", Edit::Set(json!({}))), one("/o/n", inc()), None, Merge::Append),
        (OpKind::Update, one("/t", Edit::Set(json!(["x"]))), one("/t", add()), None, Merge::Append),
        (OpKind::Update, one("/n", inc()), one("/n", inc()), None, Merge::Joined),
        (OpKind::Update, one("/m", Edit::Set(json!(5))), one("/n", inc()), None, Merge::Joined),
        (OpKind::Update, one("/n", Edit::Set(json!(5))), one("/n", Edit::Set(json!(6))), None, Merge::Joined),
        // What is made, and what a group does, is one thing.
        (OpKind::Create, one("/n", Edit::Set(json!(5))), one("/n", inc()), None, Merge::Joined),
        (OpKind::Update, one("/n", Edit::Set(json!(5))), one("/n", inc()), group(), Merge::Joined),
    ] {
        let mut op = Operation { group: group.clone(), ..operation(kind, Some(first.clone())) };
        let next = Next::Update { changes: second.clone(), before: Seen::default() };
        assert_eq!(join(&mut op, &next, &Ticket { group, ..ticket() }), expected, "{kind:?} {first:?} {second:?}");
    }
}

#[test]
fn what_was_sent_is_frozen() {
    let update = Next::Update { changes: Changes::default(), before: Seen::default() };
    let parked = OpState::Parked { error: crate::model::OpError::new("X", ""), sent: false };
    for state in [OpState::InFlight, OpState::Unanswered, OpState::InConflict, parked] {
        let mut op = Operation { state, ..operation(OpKind::Update, None) };
        assert_eq!(join(&mut op, &update, &ticket()), Merge::Append);
    }
    let grouped = Ticket { group: Some("g".into()), ..ticket() };
    assert_eq!(join(&mut operation(OpKind::Update, None), &update, &grouped), Merge::Append);
    let later = Ticket { stamp: Stamp { ms: 1 << 44, counter: 0 }, ..ticket() };
    assert_eq!(join(&mut operation(OpKind::Update, None), &update, &later), Merge::Append);
}

#[test]
fn core_r1_joined_edits_keep_their_own_stamps() {
    let one = |name: &str, ms| Changes::one(Path::field(name), Edit::Set(json!(1)), Stamp { ms, counter: 0 });
    let mut op = operation(OpKind::Update, Some(one("title", 1)));
    join(&mut op, &Next::Update { changes: one("note", 3), before: Seen::default() }, &ticket());
    let stamps: Vec<_> = op.changes.unwrap().iter().map(|(path, change)| (path.to_string(), change.stamp.ms)).collect();
    assert_eq!(stamps, [("/note".to_owned(), 3), ("/title".to_owned(), 1)]);
}

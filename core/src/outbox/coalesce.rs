//! Joining a write with the open operation before it, so that typing a title is one request.
//!
//! Invariant: what the server holds after the joined operation is what it would hold after the two.

use crate::error::Result;
use crate::model::{Changes, Fields, Hlc, OpKind, Operation};
use crate::store::{Settled, Tx, outbox};

/// A write that is about to be queued, seen from its document's lane.
#[derive(Debug, Clone)]
pub(super) enum Intent {
    Update { changes: Changes, before: Fields },
    Delete,
}

/// What becomes of the two.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Joined {
    /// One operation does both.
    Into(Box<Operation>),
    /// Made and deleted: nothing is left to send.
    Withdrawn,
    /// They cannot be joined: the new one queues behind.
    Behind,
}

/// Joins `next`, made at `hlc`, with the last operation of its document.
pub(super) fn join(last: &Operation, next: &Intent, hlc: &Hlc, group: Option<&str>) -> Joined {
    if !last.is_open() || last.group.as_deref() != group {
        return Joined::Behind;
    }
    let mut joined = last.clone();
    joined.hlc = hlc.clone();
    match (last.kind, next) {
        (OpKind::Create, Intent::Update { changes, .. }) => {
            joined.changes = last.changes.clone().map(|earlier| earlier.then(changes.clone()));
        }
        (OpKind::Create, Intent::Delete) => return Joined::Withdrawn,
        (OpKind::Update, Intent::Update { changes, before }) => {
            let earlier = joined.changes.take().unwrap_or_default();
            // The user saw the older value before the older change.
            for (name, value) in before {
                if !earlier.0.contains_key(name) {
                    joined.before.insert(name.clone(), value.clone());
                }
            }
            joined.changes = Some(earlier.then(changes.clone()));
        }
        (OpKind::Update, Intent::Delete) => {
            joined.kind = OpKind::Delete;
            joined.changes = None;
            joined.before = Fields::new();
        }
        (OpKind::Delete, _) => return Joined::Behind,
    }
    Joined::Into(Box::new(joined))
}

/// Joins neighbours among a document's operations that have become open again (after a retry or a resolved conflict) and writes the result.
/// Returns the operations that are left.
pub(crate) fn compact(tx: &Tx<'_>, ops: Vec<Operation>) -> Result<Vec<Operation>> {
    let mut left: Vec<Operation> = Vec::with_capacity(ops.len());
    for op in ops {
        let intent = match op.kind {
            OpKind::Update => {
                Intent::Update { changes: op.changes.clone().unwrap_or_default(), before: op.before.clone() }
            }
            OpKind::Delete => Intent::Delete,
            OpKind::Create => {
                left.push(op);
                continue;
            }
        };
        let joined = match left.last() {
            Some(last) if op.is_open() => join(last, &intent, &op.hlc, op.group.as_deref()),
            _ => Joined::Behind,
        };
        match joined {
            Joined::Behind => left.push(op),
            Joined::Into(joined) => {
                let mut joined = *joined;
                outbox::update(tx, &joined)?;
                outbox::absorb(tx, &mut joined, &op)?;
                left.pop();
                left.push(joined);
            }
            Joined::Withdrawn => {
                for gone in left.pop().iter().chain([&op]) {
                    outbox::end(tx, gone, Settled::Withdrawn)?;
                }
            }
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FieldChange, OpId, OpState};
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
            state: OpState::Queued,
            sent: false,
            base_version: None,
            changes,
            before: Fields::new(),
            hlc: Hlc { ms: 1, counter: 0, node: String::new() },
            group: None,
            attempts: 0,
            rounds: 0,
            next_attempt_ms: 0,
            error: None,
            absorbed: Vec::new(),
        }
    }

    fn changes() -> impl Strategy<Value = Changes> {
        let change = prop_oneof![
            (0i64..4).prop_map(|n| FieldChange::Set(n.into())),
            Just(FieldChange::Remove),
            Just(FieldChange::Set(Value::Null)),
            (1i64..3).prop_map(|n| FieldChange::Inc(n.into())),
        ];
        prop::collection::btree_map("[ab]", change, 1..3).prop_map(Changes)
    }

    /// What the server holds after an operation; none: deleted or never made.
    fn server(state: Option<Fields>, op: &Operation) -> Option<Fields> {
        let mut fields = match op.kind {
            OpKind::Delete => return None,
            OpKind::Create => Fields::new(),
            OpKind::Update => state?,
        };
        op.changes.as_ref().unwrap().apply(&mut fields);
        Some(fields)
    }

    proptest! {
        #[test]
        fn the_server_ends_where_it_would_have_ended(created in any::<bool>(), first in changes(), second in changes(), delete in any::<bool>()) {
            let start = (!created).then(|| json!({"a": 1, "c": "x"}).as_object().unwrap().clone());
            let one = operation(if created { OpKind::Create } else { OpKind::Update }, Some(first));
            let two = operation(if delete { OpKind::Delete } else { OpKind::Update }, (!delete).then(|| second.clone()));
            let after = server(server(start.clone(), &one), &two);
            let intent = if delete { Intent::Delete } else { Intent::Update { changes: second, before: Fields::new() } };
            match join(&one, &intent, &one.hlc, None) {
                Joined::Into(joined) => prop_assert_eq!(server(start, &joined), after),
                Joined::Withdrawn => prop_assert!(created && after.is_none()),
                Joined::Behind => prop_assert!(false, "open operations join"),
            }
        }
    }

    #[test]
    fn what_was_sent_is_frozen() {
        let update = Intent::Update { changes: Changes::default(), before: Fields::new() };
        for state in [OpState::InFlight, OpState::Parked, OpState::InConflict] {
            let op = Operation { state, ..operation(OpKind::Update, None) };
            assert_eq!(join(&op, &update, &op.hlc, None), Joined::Behind);
        }
        let sent = Operation { sent: true, ..operation(OpKind::Update, None) };
        assert_eq!(join(&sent, &update, &sent.hlc, None), Joined::Behind);
        let grouped = operation(OpKind::Update, None);
        assert_eq!(join(&grouped, &update, &grouped.hlc, Some("g")), Joined::Behind);
    }

    #[test]
    fn the_oldest_value_that_the_user_saw_is_kept() {
        let mut op = operation(OpKind::Update, Some(Changes([("a".into(), FieldChange::Set(2.into()))].into())));
        op.before.insert("a".into(), 1.into());
        let next = Changes([("a".into(), FieldChange::Set(3.into())), ("b".into(), FieldChange::Set(9.into()))].into());
        let before = json!({"a": 2, "b": 8}).as_object().unwrap().clone();
        let Joined::Into(joined) = join(&op, &Intent::Update { changes: next, before }, &op.hlc, None) else {
            panic!()
        };
        assert_eq!(Value::Object(joined.before), json!({"a": 1, "b": 8}));
    }
}

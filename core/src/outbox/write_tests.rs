use super::super::pending_bench::{shows, synced};
use super::*;
use crate::model::{OpEvent, Stamp};
use serde_json::{Value, json};

struct Writer {
    id: DocumentId,
    rules: Rules,
    next: i64,
}

impl Writer {
    fn new() -> Self {
        Self { id: DocumentId::new("d").unwrap(), rules: Rules::default(), next: 0 }
    }

    fn ticket(&mut self) -> Ticket {
        self.next += 1;
        let stamp = Stamp { ms: self.next, counter: 0 };
        Ticket { op_seq: self.next, op_id: OpId::from_bytes([self.next as u8; 16]), stamp, group: None }
    }

    fn settled(pending: &mut Pending) {
        view::rebuild(&mut pending.row, &pending.ops).unwrap();
        pending.view_is_set = false;
    }

    fn create(&mut self, pending: &mut Pending, body: Value) {
        let ticket = self.ticket();
        let references = References::default();
        let (name, rules, id) = ("tasks", &self.rules, &self.id);
        let place = Place { collection: 1, name, rules, id, group: None, references: &references };
        make(pending, &place, &ticket, body.to_string()).unwrap();
        Self::settled(pending);
    }

    fn update(&mut self, pending: &mut Pending, patch: Value) -> Option<OpId> {
        let ticket = self.ticket();
        let made =
            change(pending, &self.rules, &ticket, &Edit::Patch(patch.as_object().unwrap().clone()), bounds()).unwrap();
        Self::settled(pending);
        made
    }

    fn replace(&mut self, pending: &mut Pending, body: Value) {
        let ticket = self.ticket();
        change(pending, &self.rules, &ticket, &Edit::Replace(body.as_object().unwrap().clone()), bounds()).unwrap();
        Self::settled(pending);
    }

    fn delete(&mut self, pending: &mut Pending) {
        let ticket = self.ticket();
        hide(pending, &ticket).unwrap();
        Self::settled(pending);
    }
}

fn bounds() -> Bounds {
    holm_protocol::limits::Limits::default().record()
}

/// What the server has after everything that waits was sent.
fn sent(pending: &Pending) -> Value {
    let mut state = pending.row.base.clone().or_else(|| pending.row.body.clone().filter(|_| pending.ops.is_empty()));
    for op in &pending.ops {
        let mut fields = state.as_deref().map(|body| view::parse_body(body).unwrap()).unwrap_or_default();
        state = match op.kind {
            OpKind::Delete => None,
            OpKind::Create if op.changes.is_none() => pending.row.body.clone(),
            OpKind::Create => {
                let mut created = Fields::new();
                op.changes.as_ref().unwrap().apply(&mut created);
                Some(body_text(&created))
            }
            _ => {
                op.changes.as_ref().unwrap().apply(&mut fields);
                Some(body_text(&fields))
            }
        };
    }
    state.map_or(Value::Null, |body| serde_json::from_str(&body).unwrap())
}

#[test]
fn core_l1_an_undone_delete_keeps_the_edit_joined_to_it() {
    for again in [json!({"title": "new", "n": 1}), json!({"title": "new", "n": 2}), json!({"n": 1})] {
        let (mut writer, mut pending) = (Writer::new(), synced(&json!({"title": "old", "n": 1})));
        writer.update(&mut pending, json!({"title": "new"}));
        writer.delete(&mut pending);
        writer.create(&mut pending, again.clone());
        assert_eq!((shows(&pending), sent(&pending)), (again.clone(), again));
    }
}

#[test]
fn core_l1_a_replaced_document_stays_replaced_after_an_undo() {
    let (mut writer, mut pending) = (Writer::new(), synced(&json!({"title": "old", "extra": true})));
    writer.replace(&mut pending, json!({"title": "new"}));
    writer.delete(&mut pending);
    writer.create(&mut pending, json!({"title": "new"}));
    assert_eq!((shows(&pending), sent(&pending)), (json!({"title": "new"}), json!({"title": "new"})));
}

#[test]
fn an_undo_that_ends_where_it_began_leaves_nothing_to_send() {
    let (mut writer, mut pending) = (Writer::new(), synced(&json!({"title": "old"})));
    writer.update(&mut pending, json!({"title": "new"}));
    writer.delete(&mut pending);
    writer.create(&mut pending, json!({"title": "old"}));
    assert!(pending.ops.is_empty());
    assert_eq!((shows(&pending), pending.ended.len()), (json!({"title": "old"}), 1));
}

#[test]
fn core_l1_an_undo_behind_a_sent_write_changes_only_what_differs() {
    let (mut writer, mut pending) = (Writer::new(), synced(&json!({"title": "old", "n": 1})));
    writer.update(&mut pending, json!({"title": "new"}));
    pending.ops[0].on(OpEvent::Leased);
    writer.update(&mut pending, json!({"n": {"$inc": 1}}));
    writer.delete(&mut pending);
    writer.create(&mut pending, json!({"title": "new", "n": 2}));
    assert_eq!((shows(&pending), sent(&pending)), (json!({"title": "new", "n": 2}), json!({"title": "new", "n": 2})));
    let patch = Value::Object(pending.ops[1].changes.as_ref().unwrap().to_patch());
    assert_eq!(patch, json!({"n": {"$inc": 1}}), "an increment stays one");
}

#[test]
fn core_a3_deleting_a_refused_create_withdraws_both() {
    let (mut writer, mut pending) = (Writer::new(), Pending::unknown(DocumentRow::new(1, "d")));
    writer.create(&mut pending, json!({"title": "x"}));
    pending.row.row = 1;
    super::super::park(&mut pending, 0, crate::model::OpError::new("VALIDATION_ERROR", "no")).unwrap();
    writer.update(&mut pending, json!({"title": "y"}));
    writer.delete(&mut pending);
    assert!(pending.ops.is_empty());
    assert!(pending.ended.iter().all(|(_, how)| *how == WriteOutcome::Withdrawn) && pending.ended.len() == 2);
}

/// The delete behind a refused edit keeps what was joined to it, also once it has taken the edit in.
#[test]
fn core_a3_undoing_a_delete_of_a_refused_edit_brings_all_edits_back() {
    let (mut writer, mut pending) = (Writer::new(), synced(&json!({"title": "old", "n": 1})));
    writer.update(&mut pending, json!({"title": "refused"}));
    super::super::park(&mut pending, 0, crate::model::OpError::new("VALIDATION_ERROR", "no")).unwrap();
    writer.update(&mut pending, json!({"n": {"$inc": 1}}));
    writer.delete(&mut pending);
    assert_eq!((pending.ops.len(), pending.ops[0].kind), (1, OpKind::Delete));
    writer.create(&mut pending, json!({"title": "refused", "n": 2}));
    let patch = Value::Object(pending.ops[0].changes.as_ref().unwrap().to_patch());
    assert_eq!(patch, json!({"title": "refused", "n": {"$inc": 1}}), "an increment stays one");
}

#[test]
fn core_a6_an_evicted_document_can_be_deleted() {
    let mut row = synced(&json!({})).row;
    (row.body, row.hidden, row.evicted) = (None, true, true);
    let (mut writer, mut pending) = (Writer::new(), Pending::for_test(row, Vec::new()));
    writer.delete(&mut pending);
    assert_eq!((pending.ops.len(), pending.ops[0].kind, shows(&pending)), (1, OpKind::Delete, Value::Null));
    assert!(pending.row.is_live_on_server());
}

#[test]
fn report_41_a_write_that_changes_nothing_has_no_operation() {
    let (mut writer, mut pending) = (Writer::new(), synced(&json!({"a": 1, "o": {"x": 1}})));
    for patch in [json!({}), json!({"a": 1.0}), json!({"gone": null}), json!({"o": {}}), json!({"a": {"$inc": 0}})] {
        assert_eq!(writer.update(&mut pending, patch), None);
    }
}

#[test]
fn core_a7_a_replacement_states_the_version_that_it_was_made_from() {
    let (mut writer, mut pending) = (Writer::new(), synced(&json!({"a": 1, "b": 1})));
    let whole = json!({"a": 2, "b": 1}).as_object().unwrap().clone();
    let ticket = writer.ticket();
    let stale = change(&mut pending, &writer.rules, &ticket, &Edit::ReplaceFrom(whole.clone(), 7), bounds());
    assert_eq!(stale.unwrap_err().code(), ErrorCode::VersionMismatch);
    // An edit of this device that came meanwhile stays.
    writer.update(&mut pending, json!({"b": 5}));
    let ticket = writer.ticket();
    change(&mut pending, &writer.rules, &ticket, &Edit::ReplaceFrom(whole, 1), bounds()).unwrap();
    Writer::settled(&mut pending);
    assert_eq!(shows(&pending), json!({"a": 2, "b": 5}));
}

#[test]
fn refused_create_repaired_in_a_later_frame_goes_as_one() {
    let (mut writer, mut pending) = (Writer::new(), Pending::unknown(DocumentRow::new(1, "d")));
    writer.create(&mut pending, json!({"title": "too long", "done": false}));
    pending.ops[0].on(OpEvent::Leased);
    super::super::park(&mut pending, 0, crate::model::OpError::new("VALIDATION_ERROR", "no")).unwrap();
    // The next process takes its stamps in a frame of its own.
    writer.next = (1 << 44) + 7;
    writer.update(&mut pending, json!({"title": "short"}));
    super::super::park::queue_again(&mut pending, &|_| true);
    Writer::settled(&mut pending);
    assert_eq!(pending.ops.len(), 1);
    assert!(pending.ops[0].is_open());
    let mut sent = Fields::new();
    pending.ops[0].changes.as_ref().unwrap().apply(&mut sent);
    assert_eq!(Value::Object(sent), json!({"title": "short", "done": false}));
}

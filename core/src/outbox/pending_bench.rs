//! One document of a device and the server's, without a database: what each step does to both.

use super::*;
use crate::conflict::{Rules, Strategy as Conflicts};
use crate::device::{Device, KnownTime};
use crate::model::{
    Changes, Fields, Hlc, OpEvent, OpId, OpKind, Operation, Path, RemoteChange, Stamp, Stamps, WriteOutcome,
};
use crate::platform::{SystemClock, SystemEntropy};
use crate::store::documents::DocumentRow;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

pub fn device() -> Device {
    Device::new(Arc::new(SystemClock::new()), Arc::new(SystemEntropy), "me", KnownTime::default())
}

pub fn fields(value: &Value) -> Fields {
    value.as_object().unwrap().clone()
}

/// A document that the server has.
pub fn synced(body: &Value) -> Pending {
    let row = DocumentRow {
        row: 1,
        version: Some(1),
        seq: Some(1),
        body: Some(body.to_string()),
        ..DocumentRow::new(1, "d")
    };
    Pending::for_test(row, Vec::new())
}

/// The document as the app sees it; null if it is deleted.
pub fn shows(pending: &Pending) -> Value {
    match pending.row.hidden {
        true => Value::Null,
        false => serde_json::from_str(pending.row.body.as_deref().unwrap_or("null")).unwrap(),
    }
}

/// One document of a device, and the server's.
pub struct Bench {
    pub device: Device,
    pub rules: Rules,
    pub pending: Pending,
    pub server: Option<Fields>,
    pub version: i64,
    pub made: BTreeSet<OpId>,
    pub ms: i64,
}

impl Bench {
    pub fn new(strategy: Conflicts, body: &Value) -> Self {
        Self {
            device: device(),
            rules: Rules::of(strategy),
            pending: synced(body),
            server: Some(fields(body)),
            version: 1,
            made: BTreeSet::new(),
            ms: 1,
        }
    }

    pub fn shown(&self) -> Value {
        shows(&self.pending)
    }

    pub fn settle(&mut self) {
        view::rebuild(&mut self.pending.row, &self.pending.ops).unwrap();
        self.pending.view_is_set = false;
        if self.pending.ops.is_empty() {
            self.pending.conflict = None;
        }
    }

    pub fn push(&mut self, kind: OpKind, changes: Option<Changes>, before: crate::model::Seen) {
        self.ms += 10;
        let mut id = [0; 16];
        id[0] = self.made.len() as u8;
        let ticket = Ticket {
            op_seq: self.made.len() as i64 + 1,
            op_id: OpId::from_bytes(id),
            stamp: Stamp { ms: self.ms, counter: 0 },
            group: None,
        };
        self.made.insert(ticket.op_id);
        let op = new_operation::operation(&self.pending, &ticket, kind, changes, before, None);
        view::begin(&mut self.pending.row);
        self.pending.ops.push(op);
        self.settle();
    }

    pub fn update(&mut self, patch: &Value) {
        if self.pending.row.hidden {
            return;
        }
        let shown = self.pending.shown().unwrap();
        let stamp = Stamp { ms: self.ms + 10, counter: 0 };
        let Ok(changes) = Changes::from_patch(&fields(patch), &shown, stamp) else { return };
        if !changes.is_empty() {
            let before = crate::model::Seen::of(&changes, &shown);
            self.push(OpKind::Update, Some(changes), before);
        }
    }

    pub fn delete(&mut self) {
        if !self.pending.row.hidden {
            self.push(OpKind::Delete, None, crate::model::Seen::default());
        }
    }

    pub fn lease(&mut self) {
        if let Some(op) = self.pending.ops.first_mut().filter(|op| op.is_open() || op.was_sent())
            && op.state != crate::model::OpState::InFlight
        {
            op.on(OpEvent::Leased);
        }
    }

    pub fn lose_reply(&mut self) {
        if let Some(op) = self.pending.ops.first_mut().filter(|op| op.was_sent()) {
            op.on(OpEvent::NoAnswer);
        }
    }

    /// Another device writes.
    pub fn other(&mut self, patch: &Value) {
        let Some(mut server) = self.server.clone() else { return };
        if let Ok(changes) = Changes::from_patch(&fields(patch), &server, Stamp::default()) {
            changes.apply(&mut server);
            self.server = Some(server);
            self.version += 1;
        }
    }

    pub fn state(&self, origin: Option<OpId>) -> RemoteChange {
        let hlc = |ms| Hlc { ms, counter: 0, node: "they".into() };
        RemoteChange {
            id: "d".into(),
            body: self.server.as_ref().map(body_text),
            version: Some(self.version),
            seq: Some(self.version),
            updated_ms: Some(1),
            origin_op: origin.map(|id| id.to_string()),
            stamps: Some(Stamps {
                record: hlc(self.ms - 5),
                created: hlc(0),
                paths: [(Path::field("n"), hlc(self.ms - 5))].into(),
            }),
        }
    }

    pub fn server_applies(&mut self, op: &Operation) {
        match (op.kind, &op.changes) {
            (OpKind::Delete, _) => self.server = None,
            (_, Some(changes)) => {
                let mut server = self.server.clone().unwrap_or_default();
                changes.apply(&mut server);
                self.server = Some(server);
            }
            _ => {}
        }
        self.version += 1;
    }

    /// A page with the server's state comes in.
    pub fn pull(&mut self, origin: Option<OpId>) {
        let change = self.state(origin);
        let before = self.pending.row.clone();
        let row = &mut self.pending.row;
        (row.version, row.seq) = (change.version, change.seq);
        let state = if row.is_pending() { &mut row.base } else { &mut row.body };
        state.clone_from(&change.body);
        if before.is_pending() {
            let mut known = before.server_body().map(|body| parse_body(body).unwrap());
            if let Some(at) = self.pending.first_write()
                && self.pending.ops[at].was_sent()
            {
                if change.origin_op.as_deref() != Some(&self.pending.ops[at].op_id.to_string()) {
                    return self.settle();
                }
                known = accept_by_state(&mut self.pending, at, &before, &change).unwrap();
            }
            rebase_onto(&mut self.pending, &self.device, &self.rules, &change, known.as_ref(), Source::State).unwrap();
        }
        self.settle();
    }

    /// The head goes to the server and its answer comes: accepted, or refused because another write came first.
    pub fn exchange(&mut self) {
        self.lease();
        let Some(op) = self.pending.ops.first().filter(|op| op.was_sent()).cloned() else { return };
        if op.base_version == Some(self.version) {
            self.server_applies(&op);
            let ack = Acknowledgement {
                version: Some(self.version),
                seq: Some(self.version),
                updated_ms: None,
                record: None,
                generation: 1,
            };
            acknowledge(&mut self.pending, &self.device, &self.rules, 0, &ack).unwrap();
            return self.settle();
        }
        had_no_effect(&mut self.pending, 0, None);
        let change = self.state(None);
        let known = self.pending.row.server_body().map(|body| parse_body(body).unwrap());
        let row = &mut self.pending.row;
        (row.version, row.seq) = (change.version, change.seq);
        row.base.clone_from(&change.body);
        rebase_onto(&mut self.pending, &self.device, &self.rules, &change, known.as_ref(), Source::Refusal).unwrap();
        self.settle();
    }

    pub fn everything_is_accounted_for(&self) {
        let left = self.pending.ops.iter().flat_map(|op| std::iter::once(op.op_id).chain(op.absorbed.iter().copied()));
        let ended =
            self.pending.ended.iter().flat_map(|(op, _)| std::iter::once(op.op_id).chain(op.absorbed.iter().copied()));
        let known: BTreeSet<OpId> = left.chain(ended).collect();
        assert_eq!(known, self.made);
        for (op, how) in &self.pending.ended {
            if matches!(how, WriteOutcome::Overridden | WriteOutcome::Discarded) {
                assert!(self.pending.losses.iter().any(|loss| loss.op_id == Some(op.op_id)), "{op:?}");
            }
        }
    }
}

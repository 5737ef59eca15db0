//! One document with everything that is pending about it: loaded, changed by pure functions, saved once.
//!
//! Invariants:
//! - This is the only file that writes what a document has pending: its operations, its conflict, its losses and its outcomes. A document is
//!   loaded, changed and saved; but the create of one that the store has never seen is stored at once
//!   ([`create_unseen`](Pending::create_unseen)), as `save` would store it.
//! - What else writes these tables is listed here, and decides nothing about a document. Of operations: leases, and doubts after a restore
//!   (`store/tables/operation_states.rs`), the waits of actions (`sync/work/failed_actions.rs`), the group of a transaction before it commits
//!   (`repository/transaction.rs`), and the end of many that were taken as they were sent (`accept_sent.rs`), which leaves the store as this
//!   would. Of conflicts: when the server's side was written (`sync/work/refresh.rs`), who is asked (`client/resolver.rs`,
//!   `repository/registry.rs`), and the end of one whose document is gone (`resolve.rs`). A sign-out with wipe ends everything
//!   (`store/tables/wipes.rs`).
//! - No operation disappears without an outcome: it leaves `ops` through [`end`](Pending::end) or [`absorb`](Pending::absorb) only.
//! - The row's view is the server's state with `ops` applied, whenever it is saved.
//! - An edit that waits has a base, unless a create stands before it or the server has no versions: without one it would overwrite what it has
//!   never met.

use super::{Place, Ticket, view};
use crate::device::Device;
use crate::error::Result;
use crate::model::{Changes, Fields, OpError, OpId, OpKind, Operation, WriteOutcome, between};
use crate::store::conflicts::{self, ConflictRow};
use crate::store::documents::{self, DocumentRow};
use crate::store::journal::{self, Loss, LossReason, Lost};
use crate::store::operations::{self, InQueue};
use crate::store::{Tx, dependencies, outcomes};

/// A document and its queue.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub row: DocumentRow,
    /// Oldest first.
    pub ops: Vec<Operation>,
    pub conflict: Option<ConflictRow>,
    /// The row's view is known to be right: it need not be computed from the base.
    pub(super) view_is_set: bool,
    pub(super) losses: Vec<Loss>,
    pub(super) ended: Vec<(Operation, WriteOutcome)>,
    absorbed: Vec<(OpId, Operation)>,
    /// Groups of which a member's fate is known: the others share it.
    pub(super) groups: Vec<(String, GroupFate)>,
    /// There is something new to send.
    pub(super) queued: bool,
    /// It is no document but one action that is about none of this store: there is no row.
    unbound: bool,
    stored: Option<Stored>,
}

/// What becomes of a group's other members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupFate {
    /// One is seen accepted, so all are: those that were parked without an answer go again, unchanged, for theirs.
    Accepted,
    Overridden,
    Discarded,
    /// They belong to this group now: one operation does what a member of each did.
    Joined(String),
    /// `sent`: the server may have them all the same.
    Parked {
        error: OpError,
        sent: bool,
    },
}

/// The document as it was loaded.
#[derive(Debug, Clone)]
struct Stored {
    row: DocumentRow,
    ops: Vec<Operation>,
    conflict: Option<ConflictRow>,
}

impl Pending {
    /// Stores the create of a document that the store has never seen, at once: there is nothing to load, and no other rule than that its
    /// content is its own body. `false`: the store knows this id, so the document has to be loaded.
    pub(super) fn create_unseen(tx: &Tx<'_>, place: &Place<'_>, ticket: &Ticket, body: &str) -> Result<bool> {
        let row = documents::insert_created(tx, place.collection, place.id.as_str(), ticket.op_seq, body)?;
        let Some(row) = row else { return Ok(false) };
        operations::insert_create(tx, ticket.op_seq, ticket.op_id, row, ticket.stamp)?;
        tx.queued();
        Ok(true)
    }

    /// A document that the store has never seen.
    pub fn unknown(row: DocumentRow) -> Self {
        Self::with(row, Vec::new(), None, false)
    }

    fn with(row: DocumentRow, ops: Vec<Operation>, conflict: Option<ConflictRow>, stored: bool) -> Self {
        let stored = stored.then(|| Stored { row: row.clone(), ops: ops.clone(), conflict: conflict.clone() });
        Self {
            row,
            ops,
            conflict,
            view_is_set: false,
            losses: Vec::new(),
            ended: Vec::new(),
            absorbed: Vec::new(),
            groups: Vec::new(),
            queued: false,
            unbound: false,
            stored,
        }
    }

    /// An action that is about no document of this store, and is not stored yet.
    pub(super) fn unbound(collection: i64, doc_id: &str) -> Self {
        Self { unbound: true, ..Self::unknown(DocumentRow::new(collection, doc_id)) }
    }

    /// The document of an operation with all that is pending about it. `None` if there is none.
    pub fn of_operation(tx: &Tx<'_>, op: &Operation) -> Result<Option<Self>> {
        if op.document != 0 {
            return Self::of_row(tx, op.document);
        }
        let row = DocumentRow::new(op.collection, op.doc_id.as_str());
        Ok(Some(Self { unbound: true, ..Self::with(row, vec![op.clone()], None, true) }))
    }

    /// The document of the operation with this number, and the operation's place in the queue. `None` if it has ended.
    pub fn of_number(tx: &Tx<'_>, op_seq: i64) -> Result<Option<(Self, usize)>> {
        let Some(op) = operations::by_number(tx, op_seq)? else { return Ok(None) };
        let Some(pending) = Self::of_operation(tx, &op)? else { return Ok(None) };
        let at = pending.position(op_seq);
        Ok(at.map(|at| (pending, at)))
    }

    /// A document by its row.
    pub fn load(tx: &Tx<'_>, row: DocumentRow) -> Result<Self> {
        if !row.is_pending() {
            return Ok(Self::with(row, Vec::new(), None, true));
        }
        let ops = operations::of_document(tx, row.row)?;
        let conflict = conflicts::of_document(tx, row.collection, &row.id)?;
        Ok(Self::with(row, ops, conflict, true))
    }

    /// A document by its id. `None` if the store has never seen it.
    pub fn find(tx: &Tx<'_>, collection: i64, id: &str) -> Result<Option<Self>> {
        documents::find(tx, collection, id)?.map(|row| Self::load(tx, row)).transpose()
    }

    /// The document of an operation. `None` if there is none.
    pub fn of_row(tx: &Tx<'_>, document: i64) -> Result<Option<Self>> {
        documents::by_row(tx, document)?.map(|row| Self::load(tx, row)).transpose()
    }

    #[cfg(test)]
    pub(super) fn for_test(row: DocumentRow, ops: Vec<Operation>) -> Self {
        Self::with(row, ops, None, true)
    }

    /// The place of an operation in the queue.
    pub fn position(&self, op_seq: i64) -> Option<usize> {
        self.ops.iter().position(|op| op.op_seq == op_seq)
    }

    /// The place of the oldest write, which is the one that the server judges next: an action before it changes no document.
    pub fn first_write(&self) -> Option<usize> {
        self.ops.iter().position(|op| op.kind != OpKind::Action)
    }

    /// What the document shows now.
    pub fn shown(&self) -> Result<Fields> {
        view::parse_body(self.row.body.as_deref().unwrap_or("{}"))
    }

    /// Ends an operation: it leaves the queue with this outcome.
    pub(super) fn end(&mut self, at: usize, how: WriteOutcome) {
        if at < self.ops.len() {
            let op = self.ops.remove(at);
            self.ended.push((op, how));
        }
    }

    /// Goes on with the queue of another document, which turned out to be this one: its row goes, its operations stand here by their numbers, as
    /// they were made. Both are as they are stored. A conflict of the other one stays open, unless there is one here.
    pub fn take_over(&mut self, tx: &Tx<'_>, other: Self) -> Result<()> {
        let bases = [self.row.base.clone(), other.row.base.clone()];
        let ours = self.ops.drain(..).enumerate().map(|(at, op)| (op, at, &bases[0]));
        let theirs = other.ops.into_iter().enumerate().map(|(at, op)| (op, at, &bases[1]));
        let mut queue: Vec<_> = ours.chain(theirs).collect();
        queue.sort_by_key(|(op, ..)| op.op_seq);
        for (at, (was, place, base)) in queue.iter().enumerate() {
            let now = Operation { document: self.row.row, doc_id: self.row.id.clone(), ..was.clone() };
            let stored = InQueue::at(*place, was, base.as_ref());
            operations::update(tx, stored, InQueue::at(at, &now, bases[0].as_ref()))?;
            self.ops.push(now);
        }
        if let Some(stored) = &mut self.stored {
            stored.ops.clone_from(&self.ops);
        }
        if let Some(conflict) = other.conflict {
            conflicts::remove(tx, conflict.id)?;
            self.conflict.get_or_insert(ConflictRow { id: 0, doc_id: self.row.id.clone(), ..conflict });
        }
        documents::remove(tx, &other.row)
    }

    /// Joins an operation of the queue to another one, which does what both do and from now on answers for both. It belongs to the group of
    /// either; two groups become one.
    pub(super) fn absorb(&mut self, into: usize, other: usize) {
        if into == other || into.max(other) >= self.ops.len() {
            return;
        }
        let gone = self.ops.remove(other);
        let into = if other < into { into - 1 } else { into };
        self.unite(into, gone.group.as_deref());
        let op = &mut self.ops[into];
        op.absorbed.push(gone.op_id);
        op.absorbed.extend(&gone.absorbed);
        self.absorbed.push((op.op_id, gone));
    }

    /// Makes an operation a member of a group, with all of the group to which it belongs.
    fn unite(&mut self, at: usize, group: Option<&str>) {
        let Some(group) = group.filter(|group| self.ops[at].group.as_deref() != Some(*group)) else { return };
        let Some(own) = self.ops[at].group.clone() else {
            self.ops[at].group = Some(group.to_owned());
            return;
        };
        for op in self.ops.iter_mut().filter(|op| op.group.as_deref() == Some(group)) {
            op.group = Some(own.clone());
        }
        self.groups.push((group.to_owned(), GroupFate::Joined(own)));
    }

    /// Gives an operation another id. It answers for the old one, too.
    pub(super) fn rename(&mut self, at: usize, id: OpId) {
        let Some(op) = self.ops.get_mut(at) else { return };
        let before = op.clone();
        op.absorbed.push(before.op_id);
        op.op_id = id;
        self.absorbed.push((id, before));
    }

    /// Gives a create that borrows the document's body a copy of its own, before the body changes.
    pub(super) fn freeze_create(&mut self) -> Result<()> {
        let borrows = |op: &Operation| op.kind == OpKind::Create && op.changes.is_none();
        if self.ops.iter().any(borrows) {
            let fields = self.shown()?;
            for op in self.ops.iter_mut().filter(|op| borrows(op)) {
                op.changes = Some(between(&Fields::new(), &fields, op.stamp));
            }
        }
        Ok(())
    }

    /// Notes a value that loses.
    pub(super) fn lose(
        &mut self,
        device: &Device,
        op: Option<OpId>,
        reason: LossReason,
        lost: Lost,
        kept: Option<Fields>,
    ) {
        self.losses.push(Loss {
            at_ms: device.known_ms(),
            collection: self.row.collection,
            doc_id: self.row.id.clone(),
            op_id: op,
            reason,
            lost,
            kept: kept.map(|kept| view::body_text(&kept)),
        });
    }

    /// Ends an operation that lost or was given up, with all that it held in the journal.
    pub(super) fn give_up(&mut self, device: &Device, at: usize, reason: LossReason, how: WriteOutcome) -> Result<()> {
        let Some(op) = self.ops.get(at) else { return Ok(()) };
        let kept = self.row.server_body().map(|body| view::parse_body(body)).transpose()?;
        let lost = lost_by(op);
        if op.kind != OpKind::Action || how == WriteOutcome::Discarded {
            self.lose(device, Some(op.op_id), reason, lost, kept);
        }
        self.end(at, how);
        Ok(())
    }

    /// Writes what has changed since the document was loaded, then settles what waits for it and the groups that this touched. The document
    /// is gone from the store if it is nowhere any more.
    pub fn save(mut self, tx: &Tx<'_>, device: &Device) -> Result<DocumentRow> {
        let groups = std::mem::take(&mut self.groups);
        let orphans = super::references::orphans(tx, &self)?;
        let row = self.write(tx, device)?;
        orphans.settle(tx, device, &row)?;
        for (group, fate) in groups {
            super::group::spread(tx, device, &group, &fate)?;
        }
        Ok(row)
    }

    pub(super) fn write(mut self, tx: &Tx<'_>, device: &Device) -> Result<DocumentRow> {
        if self.ops.iter().all(|op| op.kind == OpKind::Action) {
            self.conflict = None;
        }
        if self.unbound {
            return self.write_unbound(tx, device);
        }
        debug_assert!(self.edits_have_a_base(), "an edit without a base: {:?}", self.ops);
        if self.view_is_set {
            self.row.first_op = self.ops.first().map_or(0, |op| op.op_seq);
        } else {
            view::rebuild(&mut self.row, &self.ops)?;
        }
        self.write_row(tx)?;
        for (into, op) in &self.absorbed {
            if let Some(into) = self.ops.iter().find(|other| other.op_id == *into) {
                dependencies::hand_on(tx, op.op_seq, into.op_seq)?;
            }
        }
        self.write_operations(tx)?;
        let before = self.stored.as_ref().and_then(|stored| stored.conflict.as_ref());
        match (before, &self.conflict) {
            (Some(before), None) => conflicts::remove(tx, before.id)?,
            (before, Some(now)) if before != Some(now) => conflicts::keep(tx, now)?,
            _ => {}
        }
        self.write_losses(tx, device)?;
        self.write_outcomes(tx)?;
        Ok(self.row)
    }

    fn edits_have_a_base(&self) -> bool {
        let mut writes = self.ops.iter().filter(|op| op.kind != OpKind::Action);
        let has_base = |op: &Operation| op.base_version.is_some() || op.was_sent();
        self.row.version.is_none() || writes.clone().any(|op| op.kind == OpKind::Create) || writes.all(has_base)
    }

    fn write_losses(&self, tx: &Tx<'_>, device: &Device) -> Result<()> {
        self.losses.iter().try_for_each(|loss| {
            let at_ms = match loss.at_ms {
                Some(known) => known,
                None => device.stamp(tx)?.ms,
            };
            journal::record(tx, loss, at_ms)
        })
    }

    fn write_unbound(mut self, tx: &Tx<'_>, device: &Device) -> Result<DocumentRow> {
        self.write_operations(tx)?;
        self.write_losses(tx, device)?;
        self.write_outcomes(tx)?;
        Ok(self.row)
    }

    fn write_outcomes(&self, tx: &Tx<'_>) -> Result<()> {
        let stored = self.stored.as_ref().map_or(&[][..], |stored| stored.ops.as_slice());
        for (into, op) in &self.absorbed {
            for id in [op.op_id].iter().chain(&op.absorbed) {
                outcomes::record_absorbed(tx, *id, *into)?;
            }
            if !stored.iter().any(|known| known.op_seq == op.op_seq) {
                operations::use_number(tx, op.op_seq)?;
            }
        }
        for (op, how) in &self.ended {
            for id in [op.op_id].iter().chain(&op.absorbed) {
                outcomes::record(tx, *id, how)?;
                tx.settled(*id, *how);
            }
        }
        if self.queued {
            tx.queued();
        }
        Ok(())
    }

    fn write_row(&mut self, tx: &Tx<'_>) -> Result<()> {
        let nowhere = self.ops.is_empty() && self.row.body.is_none() && self.row.seq.is_none();
        match &self.stored {
            Some(_) if nowhere => documents::remove(tx, &self.row),
            Some(stored) => documents::update(tx, &stored.row, &self.row),
            None if nowhere => Ok(()),
            None => documents::insert(tx, &mut self.row),
        }
    }

    fn write_operations(&mut self, tx: &Tx<'_>) -> Result<()> {
        let stored_base = self.stored.as_ref().and_then(|stored| stored.row.base.as_ref());
        let stored = self.stored.as_ref().map_or(&[][..], |stored| stored.ops.as_slice());
        let gone = stored.iter().filter(|op| !self.ops.iter().any(|left| left.op_seq == op.op_seq));
        for op in gone {
            operations::remove(tx, op.op_seq)?;
        }
        for (place, op) in self.ops.iter_mut().enumerate() {
            op.document = self.row.row;
            let before = stored.iter().position(|known| known.op_seq == op.op_seq);
            let now = InQueue::at(place, op, self.row.base.as_ref());
            match before {
                None => operations::insert(tx, now)?,
                Some(was) => operations::update(tx, InQueue::at(was, &stored[was], stored_base), now)?,
            }
            if op.is_parked() && !before.is_some_and(|was| stored[was].is_parked()) {
                for id in [op.op_id].iter().chain(&op.absorbed) {
                    tx.settled(*id, WriteOutcome::Parked);
                }
            }
        }
        Ok(())
    }
}

/// What is lost with an operation.
pub(super) fn lost_by(op: &Operation) -> Lost {
    match (op.kind, &op.changes) {
        (OpKind::Delete, changes) => Lost::Delete(changes.clone().unwrap_or_default()),
        (OpKind::Action, _) => op.action.clone().map_or_else(|| Lost::Paths(Changes::new()), Lost::Call),
        (_, Some(changes)) => Lost::Paths(changes.clone()),
        (_, None) => Lost::Paths(Changes::new()),
    }
}

//! The one place where server state enters the store.
//!
//! Invariants:
//! - A document takes a state only if its `seq` is greater than the one it has; within a new snapshot, whatever the snapshot says. One that
//!   was evicted takes the state that it has lost, too.
//! - Pending edits are rebased onto the new state in the same transaction; what loses is journalled.
//! - Nothing is decided about a write that was sent and has no answer: it is sent again unchanged first. If a state says that it was this write that made
//!   it, that is the answer, and only what differs from its effect is another device's change.
//! - Any other state may show that write, too, and the app must not see it twice. So it waits beside its document, whatever reading brought it,
//!   and enters when the write has its answer: at the latest when the write is parked. Other documents do not wait.
//! - A state that was made by a write of this store which the store does not know, or has never sent, shows that it was restored from a backup:
//!   then every queued write counts as sent.
//! - The stream's count and digest follow every change of a base row.

use super::digest::term;
use crate::conflict::Rules;
use crate::device::Device;
use crate::error::Result;
use crate::model::{OpId, OpKind, OpState, Operation, RemoteChange};
use crate::outbox::{self, Pending, Source, parse_body};
use crate::repository::CollectionInfo;
use crate::store::documents::{self, DocumentRow};
use crate::store::streams::{self, StreamRow};
use crate::store::{Tx, operations, server_ids, unreadable, waiting_states};
use crate::sync::reference_ids::ReferenceIds;
use std::borrow::Cow;

/// What was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::sync) struct Applied {
    /// States taken.
    pub changes: u64,
    /// Conflicts found, however they were resolved.
    pub conflicts: u64,
}

/// Applies states to one collection in one transaction.
pub(in crate::sync) struct Reconciler<'a> {
    pub tx: &'a Tx<'a>,
    pub device: &'a Device,
    pub rules: &'a Rules,
    pub(super) info: &'a CollectionInfo,
    pub stream: StreamRow,
    pub applied: Applied,
    /// The stream as it is stored.
    stored: StreamRow,
    /// Whether documents of the collection have another id on the server; `None`: not looked up.
    pub(super) server_ids: Option<bool>,
    /// Whether a record of the collection could not be read; `None`: not looked up.
    unreadable: Option<bool>,
    pub(super) reference_ids: ReferenceIds,
    /// Whether the store is known to be restored, so that every queued write counts as sent.
    restored: bool,
    /// The server has a document that this device cannot know: the collection is read anew.
    pub unknown: bool,
}

impl<'a> Reconciler<'a> {
    pub fn open(tx: &'a Tx<'a>, device: &'a Device, info: &'a CollectionInfo) -> Result<Self> {
        let stream = streams::get(tx, info.id)?;
        Ok(Self {
            tx,
            device,
            rules: &info.rules,
            info,
            stored: stream.clone(),
            stream,
            applied: Applied::default(),
            server_ids: None,
            unreadable: None,
            reference_ids: ReferenceIds::of(tx, info)?,
            restored: false,
            unknown: false,
        })
    }

    /// Takes in the states that need to wait no longer, and writes the stream's state. Not calling this leaves rows and cursor apart: every
    /// user of the reconciler ends with it.
    pub fn close(mut self) -> Result<(StreamRow, Applied)> {
        for change in waiting_states::take_ready(self.tx, self.stream.collection)? {
            self.apply_here(&change, Source::State)?;
        }
        // A page with nothing in it costs no forced write.
        if self.stream != self.stored {
            streams::save(self.tx, &self.stream)?;
        }
        if self.unknown {
            super::restart(self.tx, self.stream.collection, None)?;
        }
        Ok((self.stream, self.applied))
    }

    /// Applies a state as the server tells it.
    pub fn apply(&mut self, change: &RemoteChange, source: Source) -> Result<()> {
        let unknown_there = match &change.body {
            Some(body) => self.reference_ids.unknown_to_server(self.tx, body)?,
            None => Vec::new(),
        };
        let change = self.with_local_references(change)?;
        let id = self.take_in(change.as_ref(), source)?;
        if unknown_there.is_empty() {
            return Ok(());
        }
        outbox::send_again(self.tx, self.device, (self.stream.collection, &id), &unknown_there)
    }

    /// Returns the id that the document has here.
    fn take_in(&mut self, change: &RemoteChange, source: Source) -> Result<String> {
        // In a first snapshot nearly everything is new.
        if self.stream.loading && self.stream.generation == 1 && self.insert_new(change)? {
            return Ok(change.id.clone());
        }
        let origin = change.origin_op.as_deref().and_then(|id| OpId::parse(id).ok());
        let made_by = origin.map(|id| operations::by_id(self.tx, id)).transpose()?.flatten();
        if let Some(origin) = origin {
            self.doubt_after_restore(origin, made_by.as_ref())?;
        }
        let change = self.local(change, made_by)?;
        self.apply_here(change.as_ref(), source)?;
        Ok(change.into_owned().id)
    }

    /// Applies a state under the id that the document has here.
    pub fn apply_here(&mut self, change: &RemoteChange, source: Source) -> Result<()> {
        let Some(row) = documents::find(self.tx, self.stream.collection, &change.id)? else {
            return self.apply_unknown(change);
        };
        let is_of_this_reading = row.generation >= self.stream.generation;
        let was_unreadable = self.is_read_now(change)?;
        let newer = match (row.seq, change.seq) {
            (Some(have), Some(new)) => {
                new > have || !is_of_this_reading || new == have && (row.evicted || was_unreadable)
            }
            _ => true,
        };
        if !newer && source == Source::State {
            return Ok(());
        }
        let mut pending = Pending::load(self.tx, row)?;
        if source == Source::State && may_show_twice(&pending, change) {
            waiting_states::keep(self.tx, &pending.row, change)?;
            let known = pending.row.server_body().cloned();
            let changed = || outbox::bodies_differ(known.as_deref(), change.body.as_deref());
            outbox::leave_to_server(&mut pending, change, changed)?;
            return pending.save(self.tx, self.device).map(drop);
        }
        self.enter(pending, change, source, newer)
    }

    /// Takes in the state of a document that waits for the answer which is about to be applied: that counts from there, and the app sees
    /// both at once. If the document waits for the answer to another write, too, the state goes on waiting.
    pub fn enter_waiting(&mut self, document: i64, answered: i64) -> Result<()> {
        let Some(change) = waiting_states::take(self.tx, document)? else { return Ok(()) };
        let Some(pending) = Pending::of_row(self.tx, document)? else { return Ok(()) };
        if pending.ops.iter().any(|op| op.op_seq != answered && op.may_be_there()) {
            return waiting_states::keep(self.tx, &pending.row, &change);
        }
        let newer = pending.row.generation < self.stream.generation || change.seq > pending.row.seq;
        if newer { self.enter(pending, &change, Source::State, true) } else { Ok(()) }
    }

    /// Puts a state under the pending operations. `newer`: than the one that the row has.
    fn enter(&mut self, mut pending: Pending, change: &RemoteChange, source: Source, newer: bool) -> Result<()> {
        let before = pending.row.clone();
        let counted = self.digest_without(&before)?;
        if newer {
            let row = &mut pending.row;
            row.version = change.version;
            row.seq = change.seq;
            row.updated_ms = change.updated_ms.or(row.updated_ms);
            row.generation = self.stream.generation;
            row.evicted = false;
            let state = if row.is_pending() { &mut row.base } else { &mut row.body };
            state.clone_from(&change.body);
            self.applied.changes += 1;
        }
        if before.is_pending() {
            if newer {
                waiting_states::forget(self.tx, before.row, change.seq)?;
            }
            self.rebase(&mut pending, &before, change, source)?;
        }
        let row = pending.save(self.tx, self.device)?;
        self.digest_with(&row, counted)
    }

    /// If a write that this store does not know, or has never sent, has made the state, the queue may have been sent by the life that sent that.
    /// `queued`: that write, if it is in the queue.
    fn doubt_after_restore(&mut self, origin: OpId, queued: Option<&Operation>) -> Result<()> {
        if self.restored {
            return Ok(());
        }
        self.restored = match queued {
            Some(queued) => queued.state == OpState::Open,
            None => outbox::is_of_another_life(self.tx, origin)?,
        };
        if self.restored {
            let doubted = operations::doubt_open(self.tx)?;
            tracing::warn!(doubted, "this store was restored from a backup: what is queued may have been sent");
        }
        Ok(())
    }

    /// The change with the ids by which this device knows the documents that it refers to.
    pub(super) fn with_local_references<'c>(&self, change: &'c RemoteChange) -> Result<Cow<'c, RemoteChange>> {
        let body = change.body.as_ref().map(|body| self.reference_ids.body_from_server(self.tx, body)).transpose()?;
        let translated = body.flatten().map(|body| RemoteChange { body: Some(body), ..change.clone() });
        Ok(translated.map_or(Cow::Borrowed(change), Cow::Owned))
    }

    /// The change under the id by which this device knows the document. `made_by`: the queued operation that has made it.
    fn local<'c>(&mut self, change: &'c RemoteChange, made_by: Option<Operation>) -> Result<Cow<'c, RemoteChange>> {
        let collection = self.stream.collection;
        let known = match server_ids::local(self.tx, collection, &change.id)? {
            Some(id) => Some(id),
            None => self.created_here(change, made_by)?,
        };
        Ok(known.map_or(Cow::Borrowed(change), |id| Cow::Owned(RemoteChange { id, ..change.clone() })))
    }

    /// The local id of a document that a create of this device made under an id of the server's, if the answer to that was lost.
    fn created_here(&mut self, change: &RemoteChange, made_by: Option<Operation>) -> Result<Option<String>> {
        let create = made_by.filter(|op| op.kind == OpKind::Create);
        let Some(create) = create.filter(|op| op.collection == self.stream.collection && op.doc_id != change.id) else {
            return Ok(None);
        };
        self.learn_server_id(&create.doc_id, &change.id, change.seq, true)?;
        server_ids::local(self.tx, create.collection, &change.id)
    }

    fn apply_unknown(&mut self, change: &RemoteChange) -> Result<()> {
        // Ignore a tombstone for a document that this store has never had.
        if change.body.is_none() {
            return Ok(());
        }
        let mut row = self.new_row(change);
        documents::insert(self.tx, &mut row)?;
        self.applied.changes += 1;
        self.digest_with(&row, 0)
    }

    /// Takes the state of a document that is not here, without looking for it first. False: it may be here, perhaps under another id, or the
    /// state is a tombstone. Then nothing has happened.
    fn insert_new(&mut self, change: &RemoteChange) -> Result<bool> {
        if change.body.is_none() || change.origin_op.is_some() || self.has_server_ids()? {
            return Ok(false);
        }
        let added = documents::insert_new(self.tx, &mut self.new_row(change))?;
        if added {
            self.applied.changes += 1;
            self.count(change.seq.map_or(0, |seq| term(&change.id, seq)), 0);
        }
        Ok(added)
    }

    fn new_row(&self, change: &RemoteChange) -> DocumentRow {
        DocumentRow {
            version: change.version,
            seq: change.seq,
            generation: self.stream.generation,
            updated_ms: change.updated_ms,
            body: change.body.clone(),
            ..DocumentRow::new(self.stream.collection, change.id.clone())
        }
    }

    /// Whether documents of the collection have another id on the server. Looked up once: while it reads a first snapshot, a reconciler finds
    /// none but by a state that is not inserted here.
    /// Whether this very state could not be read before. It is no longer among those.
    fn is_read_now(&mut self, change: &RemoteChange) -> Result<bool> {
        let any = match self.unreadable {
            Some(any) => any,
            None => *self.unreadable.insert(unreadable::any(self.tx, self.stream.collection)?),
        };
        Ok(any && unreadable::forget(self.tx, self.stream.collection, &change.id, change.seq)?)
    }

    fn has_server_ids(&mut self) -> Result<bool> {
        match self.server_ids {
            Some(known) => Ok(known),
            None => Ok(*self.server_ids.insert(server_ids::any(self.tx, self.stream.collection)?)),
        }
    }

    /// Puts pending operations onto the state that the row's base has by now. `before`: the row as it was.
    fn rebase(
        &mut self,
        pending: &mut Pending,
        before: &DocumentRow,
        change: &RemoteChange,
        source: Source,
    ) -> Result<()> {
        let sent = pending.first_write().filter(|at| source == Source::State && pending.ops[*at].was_sent());
        let known = match sent {
            Some(at) if !is_made_by(change, &pending.ops[at]) => {
                let changed =
                    || outbox::bodies_differ(before.server_body().map(String::as_str), change.body.as_deref());
                return outbox::leave_to_server(pending, change, changed);
            }
            Some(at) => outbox::accept_by_state(pending, at, before, change)?,
            None => before.server_body().map(|body| parse_body(body)).transpose()?,
        };
        let rebased = outbox::rebase_onto(pending, self.device, self.rules, change, known.as_ref(), source)?;
        self.applied.conflicts += u64::from(rebased.conflict);
        Ok(())
    }

    /// Takes a row's present state out of the digest; to be put back with [`digest_with`](Self::digest_with).
    pub fn digest_without(&self, row: &DocumentRow) -> Result<u64> {
        if !row.is_live_on_server() {
            return Ok(0);
        }
        let remote = server_ids::remote(self.tx, row.collection, &row.id)?;
        Ok(term(remote.as_deref().unwrap_or(&row.id), row.seq.unwrap_or_default()))
    }

    /// Counts a row's new state in the place of the old one.
    pub fn digest_with(&mut self, row: &DocumentRow, old: u64) -> Result<()> {
        let new = self.digest_without(row)?;
        self.count(new, old);
        Ok(())
    }

    /// Counts a term of the digest in the place of another one. 0 stands for none.
    pub fn count(&mut self, new: u64, old: u64) {
        self.stream.digest = self.stream.digest.wrapping_sub(old).wrapping_add(new);
        self.stream.live_count += i64::from(new != 0) - i64::from(old != 0);
    }
}

/// Whether a state may show a write that the document's view shows as well: one that was sent and has no answer, parked or not. A tombstone shows none, and
/// a state without a place in the order could not be told from an older one later.
fn may_show_twice(pending: &Pending, change: &RemoteChange) -> bool {
    let shows_twice = |write: &Operation| write.may_be_there() && !is_made_by(change, write);
    change.body.is_some()
        && change.seq.is_some()
        && pending.first_write().is_some_and(|at| shows_twice(&pending.ops[at]))
}

fn is_made_by(change: &RemoteChange, op: &Operation) -> bool {
    change.origin_op.as_deref() == Some(&op.op_id.to_string())
}

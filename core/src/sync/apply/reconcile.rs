//! The one reconciler through which server state enters.
//!
//! Invariants:
//! - A document takes a state only if its `seq` is greater than the one it has; within a new snapshot, whatever the snapshot says. One that
//!   was evicted takes the state that it has lost, too.
//! - Pending edits are rebased onto the new state in the same transaction; what loses is journalled.
//! - A head operation that was sent and not answered is not judged: it is sent again unchanged first. If the state says that it was our own
//!   operation that made it, that is the answer.
//! - The stream's count and digest follow every change of a base row.

use super::digest::term;
use crate::conflict::{Incoming, Settler, Strategy, Verdict, intent, judge, settle};
use crate::device::Device;
use crate::error::Result;
use crate::model::{Fields, OpState, Operation, RemoteChange};
use crate::outbox::{body_text, parse_body, save_view};
use crate::store::documents::{self, DocumentRow};
use crate::store::streams::{self, StreamRow};
use crate::store::{Settled, Tx, conflicts, outbox};

/// What came through the reconciler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::sync) struct Applied {
    /// States taken.
    pub changes: u64,
    /// Conflicts found, however they were resolved.
    pub conflicts: u64,
}

/// The reconciler, open for one collection and one transaction.
pub(in crate::sync) struct Reconciler<'a> {
    pub tx: &'a Tx<'a>,
    pub device: &'a Device,
    pub strategy: Strategy,
    pub stream: StreamRow,
    pub applied: Applied,
    /// The stream as it is stored.
    stored: StreamRow,
}

/// Why a state comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sync) enum Source {
    /// A page.
    State,
    /// The reason of a refusal: the server says that the operation clashes with it.
    Refusal,
    /// It came with an acknowledgement because others' changes are in it.
    Merged,
}

impl<'a> Reconciler<'a> {
    pub fn open(tx: &'a Tx<'a>, device: &'a Device, collection: i64, strategy: Strategy) -> Result<Self> {
        let stream = streams::get(tx, collection)?;
        Ok(Self { tx, device, strategy, stored: stream.clone(), stream, applied: Applied::default() })
    }

    /// Writes the stream's state. Not calling this leaves rows and cursor apart: every user of the reconciler ends with it.
    pub fn close(self) -> Result<(StreamRow, Applied)> {
        // A page with nothing in it costs no forced write.
        if self.stream != self.stored {
            streams::save(self.tx, &self.stream)?;
        }
        Ok((self.stream, self.applied))
    }

    /// Takes a state.
    pub fn take(&mut self, change: &RemoteChange, source: Source) -> Result<()> {
        let Some(mut row) = documents::find(self.tx, self.stream.collection, &change.id)? else {
            return self.take_unknown(change);
        };
        let confirmed = row.generation >= self.stream.generation;
        let newer = match (row.seq, change.seq) {
            (Some(have), Some(new)) => new > have || !confirmed || row.evicted && new == have,
            _ => true,
        };
        if !newer && source == Source::State {
            return Ok(());
        }
        let counted = self.digest_without(&row);
        let known = row.server_body().cloned();
        if newer {
            row.version = change.version;
            row.seq = change.seq;
            row.updated_ms = change.updated_ms.or(row.updated_ms);
            row.generation = self.stream.generation;
            row.evicted = false;
            let state = if row.pending { &mut row.base } else { &mut row.body };
            state.clone_from(&change.body);
            self.applied.changes += 1;
        }
        if row.pending {
            self.rebase(&mut row, change, known.as_deref(), source)?;
        } else {
            row.hidden = row.body.is_none();
            save_view(self.tx, &mut row, &[])?;
        }
        self.digest_with(&row, counted);
        Ok(())
    }

    fn take_unknown(&mut self, change: &RemoteChange) -> Result<()> {
        // A tombstone of what was never here says nothing.
        if change.body.is_none() {
            return Ok(());
        }
        let mut row = DocumentRow {
            version: change.version,
            seq: change.seq,
            generation: self.stream.generation,
            updated_ms: change.updated_ms,
            body: change.body.clone(),
            ..DocumentRow::new(self.stream.collection, change.id.clone())
        };
        documents::insert(self.tx, &mut row)?;
        self.applied.changes += 1;
        self.digest_with(&row, 0);
        Ok(())
    }

    /// Puts pending operations onto the state that the row's base has by now.
    fn rebase(
        &mut self,
        row: &mut DocumentRow,
        change: &RemoteChange,
        known: Option<&str>,
        source: Source,
    ) -> Result<()> {
        let mut ops = outbox::of_document(self.tx, row.row)?;
        if source == Source::State
            && let Some(head) = ops.first()
            && head.sent
        {
            if change.origin_op.as_deref() != Some(&head.op_id.to_string()) {
                return save_view(self.tx, row, &ops);
            }
            let head = ops.remove(0);
            outbox::end(self.tx, &head, Settled::Applied(change.version))?;
        }
        let left = self.resolve(row, ops, change, known, source)?;
        save_view(self.tx, row, &left)
    }

    /// Judges operations against a state and carries the verdict out. Returns what is left of them.
    pub fn resolve(
        &mut self,
        row: &DocumentRow,
        ops: Vec<Operation>,
        change: &RemoteChange,
        known: Option<&str>,
        source: Source,
    ) -> Result<Vec<Operation>> {
        let Some(intent) = intent(row, &ops, self.device)? else { return Ok(ops) };
        let fields = change.body.as_deref().map(parse_body).transpose()?;
        let known = known.map(parse_body).transpose()?;
        let declared = source == Source::Refusal;
        let incoming =
            Incoming { fields: fields.as_ref(), stamps: change.stamps.as_ref(), declared, changed: known != fields };
        let asked = ops.first().is_some_and(|head| head.state == OpState::InConflict);
        // A person has been asked already: the question stays, with the newer state in it.
        let verdict = if asked { Verdict::Ask } else { judge(self.strategy, &intent, incoming) };
        if verdict.is_conflict() && !asked {
            self.applied.conflicts += 1;
        }
        if verdict == Verdict::NeedsStamps && !declared {
            return Ok(ops);
        }
        let base = base_document(known, &intent.fields);
        let settler = Settler {
            tx: self.tx,
            device: self.device,
            row,
            server: change,
            server_fields: fields.as_ref(),
            base,
            declared,
        };
        let left = settle(&settler, ops, verdict)?;
        if left.is_empty()
            && let Some(conflict) = conflicts::of_document(self.tx, row.collection, &row.id)?
        {
            conflicts::remove(self.tx, conflict.id)?;
        }
        Ok(left)
    }

    /// Takes a row's present state out of the digest; to be put back with [`count`](Self::count).
    pub fn digest_without(&self, row: &DocumentRow) -> u64 {
        if row.is_live_on_server() { term(&row.id, row.seq.unwrap_or_default()) } else { 0 }
    }

    /// Counts a row's new state in the place of the old one.
    pub fn digest_with(&mut self, row: &DocumentRow, old: u64) {
        let new = self.digest_without(row);
        self.stream.digest = self.stream.digest.wrapping_sub(old).wrapping_add(new);
        self.stream.live_count += i64::from(new != 0) - i64::from(old != 0);
    }
}

/// What both sides started from: the server's state as it was known here, with the values that the user saw before editing.
fn base_document(
    known: Option<Fields>,
    touched: &std::collections::BTreeMap<String, (Option<serde_json::Value>, Option<serde_json::Value>)>,
) -> Option<String> {
    let mut base = known?;
    for (name, (before, _)) in touched {
        match before {
            Some(value) => base.insert(name.clone(), value.clone()),
            None => base.remove(name),
        };
    }
    Some(body_text(&base))
}

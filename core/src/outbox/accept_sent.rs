//! Accepting operations that were sent as they are, many at once.
//!
//! Nearly every answer says that a document's only operation was taken as it was sent. The server then has what the document shows:
//! nothing is computed, the body stays as it is, and no index over it is touched. The operations leave the queue in ranges.
//!
//! Invariant: the store is as [`acknowledge`](super::acknowledge) and [`Pending::save`](super::Pending::save) would leave it.

use crate::error::Result;
use crate::model::{OpKind, Operation, Version, WriteOutcome};
use crate::store::documents::{self, ServerPlace};
use crate::store::{Tx, conflicts, operations};

/// What the server says of an operation that it took as it was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub version: Option<Version>,
    pub seq: i64,
    pub updated_ms: Option<i64>,
}

/// Accepts operations of one collection.
pub(crate) struct Acceptance<'a> {
    tx: &'a Tx<'a>,
    /// The snapshot of the stream that is being read.
    generation: i64,
    conflicts: bool,
    ended: Vec<i64>,
}

impl<'a> Acceptance<'a> {
    pub fn open(tx: &'a Tx<'a>, generation: i64) -> Result<Self> {
        Ok(Self { tx, generation, conflicts: conflicts::count(tx)? > 0, ended: Vec::new() })
    }

    /// Accepts a write if it is its document's only operation and nothing newer has come in: then what the server had before is returned.
    /// Else nothing happens.
    pub fn take(&mut self, op: &Operation, taken: Taken) -> Result<Option<ServerPlace>> {
        if !matches!(op.kind, OpKind::Create | OpKind::Update) || !op.absorbed.is_empty() {
            return Ok(None);
        }
        let Some(before) = documents::with_one_sent(self.tx, op.document, op.op_seq)? else { return Ok(None) };
        // An edit of what was deleted on the server shows more than the server makes of it.
        let shown = op.kind == OpKind::Create || before.live;
        let newer = before.seq.is_none_or(|have| have < taken.seq);
        if !shown || !newer || self.is_in_conflict(op)? {
            return Ok(None);
        }
        let state = (taken.version, taken.seq, taken.updated_ms);
        documents::settle(self.tx, (op.collection, op.document), state, self.generation)?;
        self.tx.settled(op.op_id, WriteOutcome::Accepted(taken.version));
        self.ended.push(op.op_seq);
        Ok(Some(before))
    }

    /// Takes the accepted operations out of the queue. Every user of this ends with it.
    pub fn close(self) -> Result<()> {
        operations::remove_all(self.tx, self.ended.into_iter())
    }

    fn is_in_conflict(&self, op: &Operation) -> Result<bool> {
        Ok(self.conflicts && conflicts::of_document(self.tx, op.collection, &op.doc_id)?.is_some())
    }
}

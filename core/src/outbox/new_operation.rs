//! An operation as it is when it is made.

use super::{Pending, Ticket};
use crate::model::{Action, Changes, OpKind, OpState, Operation, Seen};

/// An operation of a document, open, on the version that the document has.
pub(super) fn operation(
    pending: &Pending,
    ticket: &Ticket,
    kind: OpKind,
    changes: Option<Changes>,
    before: Seen,
    action: Option<Action>,
) -> Operation {
    Operation {
        op_seq: ticket.op_seq,
        op_id: ticket.op_id,
        document: pending.row.row,
        collection: pending.row.collection,
        doc_id: pending.row.id.clone(),
        kind,
        state: OpState::Open,
        // A create has one only if it revives a tombstone.
        base_version: pending.row.version,
        changes,
        before,
        stamp: ticket.stamp,
        group: ticket.group.clone(),
        attempts: 0,
        rounds: 0,
        not_before_ms: 0,
        last_error: None,
        absorbed: Vec::new(),
        action,
    }
}

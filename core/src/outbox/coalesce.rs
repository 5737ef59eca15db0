//! Joining a write with the open operation before it, so that typing a title is one request. Pure.
//!
//! Invariants:
//! - What the server holds after the joined operation is what it would hold after the two.
//! - Undoing a joined delete brings back what was joined to it: a delete keeps the changes that it absorbed.

use super::{Pending, Ticket};
use crate::model::{Changes, OpKind, Operation, Path, Seen, Stamp, WriteOutcome};
use crate::time::frame_of;

/// A write that is about to be queued.
#[derive(Debug, Clone)]
pub(super) enum Next {
    Update { changes: Changes, before: Seen },
    Delete,
}

impl Next {
    /// The changes of a queued update, or those that were joined to a delete.
    fn changes_of(op: &Operation) -> Self {
        Self::Update { changes: op.changes.clone().unwrap_or_default(), before: op.before.clone() }
    }
}

/// What becomes of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Merge {
    /// The earlier operation does both now.
    Joined,
    /// Made and deleted: nothing is left to send.
    Withdrawn,
    /// They cannot be joined: the new one queues behind.
    Append,
}

/// Joins `next`, made with `ticket`, to the last operation of its document.
pub(super) fn join(last: &mut Operation, next: &Next, ticket: &Ticket) -> Merge {
    if !may_join(last, ticket) {
        return Merge::Append;
    }
    // What is edited after a create is a part of what is made, and a group stands or falls as a whole.
    if let (Next::Update { changes, .. }, OpKind::Update, None) = (next, last.kind, &ticket.group)
        && folds_into_set(last, changes)
    {
        return Merge::Append;
    }
    merge(last, next, ticket.stamp)
}

/// Whether a write that is made with `ticket` can be joined to this operation at all.
pub(super) fn may_join(last: &Operation, ticket: &Ticket) -> bool {
    last.is_open() && last.group == ticket.group && same_frame(last.stamp, ticket.stamp)
}

/// Whether two operations were made in one frame: no restart and no jump of the clock is between them. One that an earlier run of the process has
/// queued may be in a copy of the store, too, which sends it as it is: what joined it here would be another content under the same id.
fn same_frame(one: Stamp, other: Stamp) -> bool {
    frame_of(one.ms) == frame_of(other.ms)
}

fn merge(last: &mut Operation, next: &Next, stamp: Stamp) -> Merge {
    match (last.kind, next) {
        (OpKind::Create, Next::Update { changes, .. }) => {
            last.changes = last.changes.take().map(|earlier| earlier.then(changes.clone()));
        }
        (OpKind::Create, Next::Delete) => return Merge::Withdrawn,
        (OpKind::Update, Next::Update { changes, before }) => {
            let earlier = last.changes.take().unwrap_or_default();
            // The user saw the older value before the older change.
            let mut seen = std::mem::take(&mut last.before);
            for path in changes.paths().filter(|path| earlier.get(path).is_none()) {
                let value = seen.before(&earlier, path, before.get(path));
                seen.set(path, value.as_ref());
            }
            let joined = earlier.then(changes.clone());
            seen.keep_only(Some(&joined));
            last.before = seen;
            last.changes = Some(joined);
        }
        (OpKind::Update, Next::Delete) => last.kind = OpKind::Delete,
        (OpKind::Delete | OpKind::Action, _) => return Merge::Append,
    }
    last.stamp = last.stamp.max(stamp);
    Merge::Joined
}

/// Which neighbours are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Neighbours {
    /// Those of one frame: no restart and no jump of the clock between them.
    OfOneFrame,
    /// All: the server has refused the first of them, so it knows none of them, and what was edited after a restart repairs it.
    Refused,
    /// Those of one run of the process, and edits that commute with the sets before them: a delete follows, and takes them all.
    Deleted,
}

/// Joins neighbours in the queue that have become open again, after a retry or a resolved conflict, or of which the later has changed.
/// Increments and set edits behind a set of the same place stay operations of their own: the set may lose, and they must not be lost with it.
pub(super) fn compact(pending: &mut Pending, which: Neighbours) {
    let mut at = 1;
    while at < pending.ops.len() {
        let op = &pending.ops[at];
        let next = match op.kind {
            OpKind::Update => Next::changes_of(op),
            OpKind::Delete if op.changes.is_none() => Next::Delete,
            OpKind::Create | OpKind::Delete | OpKind::Action => {
                at += 1;
                continue;
            }
        };
        let (stamp, earlier) = (op.stamp, &pending.ops[at - 1]);
        let joins = op.is_open()
            && earlier.is_open()
            && op.group == earlier.group
            && (which == Neighbours::Refused || same_frame(earlier.stamp, stamp));
        let apart = || op.changes.as_ref().is_some_and(|changes| folds_into_set(earlier, changes));
        if !joins || which != Neighbours::Deleted && apart() {
            at += 1;
            continue;
        }
        match merge(&mut pending.ops[at - 1], &next, stamp) {
            Merge::Append => at += 1,
            Merge::Joined => pending.absorb(at - 1, at),
            Merge::Withdrawn => {
                pending.end(at, WriteOutcome::Withdrawn);
                pending.end(at - 1, WriteOutcome::Withdrawn);
                at = at.max(2) - 1;
            }
        }
    }
}

/// Joins the writes that follow an update to it, up to the delete that ends the queue: what was refused and then deleted is a delete. Actions
/// stay, behind it.
pub(super) fn fold_into_delete(pending: &mut Pending, at: usize) {
    if pending.ops[at].kind != OpKind::Update {
        return;
    }
    let mut next = at + 1;
    while let Some(op) = pending.ops.get(next) {
        if op.kind == OpKind::Action {
            next += 1;
            continue;
        }
        let (stamp, changes, deletes) = (op.stamp, Next::changes_of(op), op.kind == OpKind::Delete);
        merge(&mut pending.ops[at], &changes, stamp);
        if deletes {
            merge(&mut pending.ops[at], &Next::Delete, stamp);
        }
        pending.absorb(at, next);
    }
}

/// Whether an edit of `next` that commutes would become a part of a set of `earlier`.
fn folds_into_set(earlier: &Operation, next: &Changes) -> bool {
    let Some(earlier) = &earlier.changes else { return false };
    let covers = |path: &Path| {
        earlier.iter().any(|(place, change)| !change.edit.commutes() && !change.edit.removes() && place.contains(path))
    };
    next.iter().any(|(path, change)| change.edit.commutes() && covers(path))
}

#[cfg(test)]
#[path = "coalesce_tests.rs"]
mod tests;

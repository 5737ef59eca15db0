//! Which operations of a queue write a place: sets and removals, which may lose as increments and edits of sets cannot.

use super::Pending;
use crate::conflict::Loser;
use crate::model::{Change, Changes, Edit, OpKind, Path, Stamp};

/// Replaces the sets and removals of a path, in all operations, by what the plan has in their place. An increment or a set edit that one of
/// them has overwritten goes with it.
pub(super) fn replace(pending: &mut Pending, path: &Path, instead: &[(Path, Edit)]) {
    let Some(last) = last_writer(pending, path) else { return };
    let overwriters: Vec<(usize, Path)> = writers(pending).filter(|(_, place)| place.meets(path)).collect();
    let overwritten =
        |at: usize, place: &Path| overwriters.iter().any(|(later, writer)| *later > at && writer.contains(place));
    for (at, op) in pending.ops.iter_mut().enumerate().filter(|(at, _)| *at <= last) {
        let Some(changes) = &mut op.changes else { continue };
        let stamp = |place: &Path, changes: &Changes| {
            let met = changes.iter().filter(|(other, _)| other.meets(place)).map(|(_, change)| change.stamp);
            met.max()
        };
        let stamps: Vec<Stamp> = instead.iter().map(|(place, _)| stamp(place, changes).unwrap_or(op.stamp)).collect();
        changes.retain(|place, change| !path.contains(place) || change.edit.commutes() && !overwritten(at, place));
        if at == last {
            for ((place, edit), stamp) in instead.iter().zip(stamps) {
                // An increment that was queued behind the set counts on top of what stands now.
                let edit = match changes.remove(place) {
                    Some(later) => edit.clone().then(later.edit),
                    None => edit.clone(),
                };
                changes.insert(place.clone(), Change { edit, stamp });
            }
        }
    }
}

/// The places that operations set or remove, with the operations' places in the queue, oldest first.
fn writers(pending: &Pending) -> impl Iterator<Item = (usize, Path)> {
    let ops = pending.ops.iter().enumerate().filter(|(_, op)| op.kind != OpKind::Delete);
    let changes = ops.flat_map(|(at, op)| op.changes.iter().flat_map(Changes::iter).map(move |change| (at, change)));
    changes.filter(|(_, (_, change))| !change.edit.commutes()).map(|(at, (place, _))| (at, place.clone()))
}

/// The last operation that sets or removes something at or below a path, or above it.
pub(super) fn last_writer(pending: &Pending, path: &Path) -> Option<usize> {
    writers(pending).filter(|(_, place)| place.meets(path)).map(|(at, _)| at).last()
}

/// The groups of which a member's value loses.
pub(super) fn grouped_losers(pending: &Pending, lost: &[Loser]) -> Vec<String> {
    let mut groups: Vec<String> =
        lost.iter().filter_map(|loser| pending.ops[last_writer(pending, &loser.path)?].group.clone()).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

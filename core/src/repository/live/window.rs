//! What a live query keeps of its result, and how changed rows are placed in it.
//!
//! Invariants:
//! - The window holds every document that the query lets through up to its last entry; if it is complete, all of them. So what is not in it
//!   comes after all that is.
//! - [`Window::patch`] is pure, and its result is that of the query run anew. Where the window does not know enough it says so.

use super::difference::{Snapshot, longest_rising, same};
use super::list::{DocumentList, Entry};
use crate::repository::query::Order;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What is kept of a result.
#[derive(Debug)]
pub(super) struct Window {
    order: Order,
    /// At most how many documents are shown; `None` if the query has no limit.
    limit: Option<usize>,
    entries: DocumentList,
    by_row: HashMap<i64, Arc<Entry>>,
    /// No document that the query lets through is missing.
    complete: bool,
}

/// How many documents a window reads for a limit: some more than are shown, so that one that leaves is followed without a query.
pub(super) fn capacity(limit: usize) -> usize {
    limit.saturating_add((limit / 4).clamp(8, 256))
}

impl Window {
    /// A window over what a query has found, in order; `limit`: how many of it are shown. With a limit, the query was asked for
    /// [`capacity`] documents.
    pub fn new(order: Order, limit: Option<usize>, found: Vec<Arc<Entry>>) -> Self {
        let complete = limit.is_none_or(|limit| found.len() < capacity(limit));
        let by_row = found.iter().map(|entry| (entry.row, entry.clone())).collect();
        Self { order, limit, entries: DocumentList::from_entries(found), by_row, complete }
    }

    /// What is shown.
    pub fn visible(&self) -> DocumentList {
        self.entries.prefix(self.visible_len())
    }

    /// The entry of a row, if it is in the window.
    pub fn entry(&self, row: i64) -> Option<&Arc<Entry>> {
        self.by_row.get(&row)
    }

    fn visible_len(&self) -> usize {
        self.limit.unwrap_or(usize::MAX).min(self.entries.len())
    }

    /// Places changed rows: `changed` are all of them, `now` those that the query lets through, as they are. Returns what is different among the
    /// documents that are shown, or `None` if the query has to run: then this window is of no use any more.
    pub fn patch(&mut self, changed: &[i64], now: Vec<Arc<Entry>>) -> Option<Snapshot> {
        let last = self.entries.entry(self.entries.len().wrapping_sub(1)).cloned();
        let (shown_before, before) = (self.visible_len(), self.take_out(changed)?);
        let edge = self.edge(shown_before, before.len() + now.len());
        let after = self.put_in(now, last.as_deref());
        let limit = self.limit.unwrap_or(usize::MAX);
        if !self.complete && self.entries.len() < limit {
            return None;
        }
        self.shrink();
        let shown = |(at, entry): &(usize, Arc<Entry>)| (*at < limit).then(|| entry.clone());
        let (left, came): (Vec<_>, Vec<_>) =
            (before.iter().filter_map(shown).collect(), after.iter().filter_map(shown).collect());
        // How many of the rows that did not change were shown, and are.
        let (rest_before, rest_after) = (shown_before - left.len(), self.visible_len() - came.len());
        let mut snapshot = Snapshot { documents: self.visible(), ..Snapshot::default() };
        let old: HashMap<&str, (usize, &Arc<Entry>)> =
            left.iter().enumerate().map(|(nth, entry)| (entry.id(), (nth, entry))).collect();
        let new: HashSet<&str> = came.iter().map(|entry| entry.id()).collect();
        let rest = rest_before.min(rest_after);
        // Those that stayed between the same unchanged rows: (place before, id).
        let mut stayed = Vec::new();
        for (nth, entry) in came.iter().enumerate() {
            let Some((nth_before, was)) = old.get(entry.id()) else {
                snapshot.inserted.push(entry.id().to_owned());
                continue;
            };
            if !same(&was.document, &entry.document) {
                snapshot.updated.push(entry.id().to_owned());
            }
            let gap_before = (before[*nth_before].0 - nth_before).min(rest);
            let gap_after = (after[nth].0 - nth).min(rest);
            if gap_before == gap_after {
                stayed.push((*nth_before, entry.id()));
            } else {
                snapshot.moved.push(entry.id().to_owned());
            }
        }
        let places: Vec<usize> = stayed.iter().map(|(at, _)| *at).collect();
        let still = longest_rising(&places);
        snapshot
            .moved
            .extend(stayed.iter().zip(still).filter(|(_, still)| !still).map(|((_, id), _)| (*id).to_owned()));
        snapshot.removed.extend(left.iter().map(|entry| entry.id()).filter(|id| !new.contains(id)).map(str::to_owned));
        let crossed = |from: usize, to: usize| {
            edge.iter().filter(move |(at, _)| (from..to).contains(at)).map(|(_, entry)| entry.id().to_owned())
        };
        snapshot.inserted.extend(crossed(rest_before, rest_after));
        snapshot.removed.extend(crossed(rest_after, rest_before));
        Some(snapshot)
    }

    /// Takes out the changed rows that are here: their places before, and the entries, in order. `None` if one is not where its keys say.
    fn take_out(&mut self, changed: &[i64]) -> Option<Vec<(usize, Arc<Entry>)>> {
        let known = changed.iter().filter_map(|row| self.by_row.remove(row));
        let mut taken = known
            .map(|entry| self.entries.search(&self.order, entry.place()).ok().map(|at| (at, entry)))
            .collect::<Option<Vec<_>>>()?;
        taken.sort_unstable_by_key(|(at, _)| *at);
        for (at, _) in taken.iter().rev() {
            self.entries.remove(*at);
        }
        Some(taken)
    }

    /// The unchanged rows around the end of what is shown, with their places among the unchanged: those that may come into view or leave it.
    fn edge(&self, shown: usize, changes: usize) -> Vec<(usize, Arc<Entry>)> {
        if self.limit.is_none() {
            return Vec::new();
        }
        let from = shown.saturating_sub(2 * changes);
        (from..shown + changes).map_while(|at| Some((at, self.entries.entry(at)?.clone()))).collect()
    }

    /// Puts in those rows that the window answers for: their places after, and the entries, in order.
    fn put_in(&mut self, mut now: Vec<Arc<Entry>>, last: Option<&Entry>) -> Vec<(usize, Arc<Entry>)> {
        if !self.complete {
            now.retain(|entry| last.is_some_and(|last| self.order.compare(entry.place(), last.place()).is_le()));
        }
        now.sort_unstable_by(|a, b| self.order.compare(a.place(), b.place()));
        let mut places = Vec::with_capacity(now.len());
        for entry in now {
            let at = self.entries.search(&self.order, entry.place()).unwrap_or_else(|at| at);
            self.entries.insert(at, entry.clone());
            self.by_row.insert(entry.row, entry.clone());
            places.push((at, entry));
        }
        places
    }

    /// Gives up what is beyond the capacity.
    fn shrink(&mut self) {
        let Some(limit) = self.limit else { return };
        while self.entries.len() > capacity(limit) {
            let at = self.entries.len() - 1;
            if let Some(entry) = self.entries.entry(at) {
                self.by_row.remove(&entry.row);
            }
            self.entries.remove(at);
            self.complete = false;
        }
    }
}

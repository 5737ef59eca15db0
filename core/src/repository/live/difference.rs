//! What is different between two results of a query.

use super::list::{DocumentList, Entry};
use super::observation::Shown;
use crate::model::Document;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The result of a live query at one moment, and what is different from the snapshot before. The lists of differences hold ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// The whole result, in order. A document that did not change is the same object as in the snapshot before.
    pub documents: DocumentList,
    /// New in the result; in the first snapshot, all. In the order of the result.
    pub inserted: Vec<String>,
    /// Still there, with another content or status.
    pub updated: Vec<String>,
    /// No longer there.
    pub removed: Vec<String>,
    /// Still there, at another place among those that stayed: without them, what stayed is in the order that it had.
    pub moved: Vec<String>,
}

impl Snapshot {
    /// Whether nothing is different.
    pub(super) fn is_same(&self) -> bool {
        self.inserted.is_empty() && self.updated.is_empty() && self.removed.is_empty() && self.moved.is_empty()
    }
}

impl Shown for Snapshot {
    fn documents(&self) -> Option<(&DocumentList, [&[String]; 2])> {
        Some((&self.documents, [&self.inserted, &self.updated]))
    }
}

/// Whether two states of a document look the same to an app: the order of the members and the notation of numbers do not matter.
pub(super) fn same(a: &Document, b: &Document) -> bool {
    let tree = |document: &Document| document.value().ok();
    a.status == b.status
        && a.version == b.version
        && (a.body == b.body || tree(a).is_some_and(|a| tree(b).is_some_and(|b| a == b)))
}

/// The differences between two whole results. Costs as much as both are long.
pub(super) fn difference(before: &DocumentList, after: &DocumentList) -> Snapshot {
    let mut snapshot = Snapshot { documents: after.clone(), ..Snapshot::default() };
    let old: HashMap<&str, (usize, &Arc<Entry>)> =
        before.entries().enumerate().map(|(at, entry)| (entry.id(), (at, entry))).collect();
    let mut stayed = Vec::new();
    for entry in after.entries() {
        match old.get(entry.id()) {
            None => snapshot.inserted.push(entry.id().to_owned()),
            Some((at, was)) => {
                stayed.push((*at, entry.id()));
                if !Arc::ptr_eq(was, entry) && !same(&was.document, &entry.document) {
                    snapshot.updated.push(entry.id().to_owned());
                }
            }
        }
    }
    if stayed.len() < before.len() {
        let here: HashSet<&str> = stayed.iter().map(|(_, id)| *id).collect();
        snapshot.removed =
            before.entries().map(|entry| entry.id()).filter(|id| !here.contains(id)).map(str::to_owned).collect();
    }
    let places: Vec<usize> = stayed.iter().map(|(at, _)| *at).collect();
    let still = longest_rising(&places);
    snapshot.moved =
        stayed.iter().zip(still).filter(|(_, still)| !still).map(|((_, id), _)| (*id).to_owned()).collect();
    snapshot
}

/// Which members belong to a longest rising subsequence: those that need not move (patience sorting).
pub(super) fn longest_rising(values: &[usize]) -> Vec<bool> {
    if values.is_sorted() {
        return vec![true; values.len()];
    }
    let mut tails: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let pile = tails.partition_point(|&tail| values[tail] < *value);
        before.push(pile.checked_sub(1).map(|below| tails[below]));
        if pile == tails.len() {
            tails.push(index);
        } else {
            tails[pile] = index;
        }
    }
    let mut member = vec![false; values.len()];
    let mut at = tails.last().copied();
    while let Some(index) = at {
        member[index] = true;
        at = before[index];
    }
    member
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::SyncStatus;
    use proptest::prelude::*;

    fn list(list: &[(u8, u8)]) -> DocumentList {
        let entry = |(id, content): &(u8, u8)| {
            let body = format!("{{\"n\":{content}}}");
            let document = Document { id: id.to_string(), body, status: SyncStatus::Synced, version: None };
            Arc::new(Entry { row: i64::from(*id), keys: Box::new([]), document: Arc::new(document) })
        };
        DocumentList::from_entries(list.iter().map(entry).collect())
    }

    fn distinct() -> impl Strategy<Value = Vec<(u8, u8)>> {
        prop::collection::btree_map(0u8..12, 0u8..2, 0..10)
            .prop_map(|m| m.into_iter().collect::<Vec<_>>())
            .prop_shuffle()
    }

    /// Checks that a snapshot's differences lead from one list to the next.
    pub fn check(before: &DocumentList, snapshot: &Snapshot) -> Result<(), TestCaseError> {
        let after = &snapshot.documents;
        let ids = |list: &DocumentList| list.iter().map(|document| document.id.clone()).collect::<Vec<_>>();
        let (old, new) = (ids(before), ids(after));
        let sorted = |list: &[String]| {
            let mut list = list.to_vec();
            list.sort();
            list
        };
        let only =
            |a: &[String], b: &[String]| sorted(&a.iter().filter(|id| !b.contains(id)).cloned().collect::<Vec<_>>());
        prop_assert_eq!(sorted(&snapshot.inserted), only(&new, &old));
        prop_assert_eq!(sorted(&snapshot.removed), only(&old, &new));
        let updated: Vec<String> = after
            .iter()
            .filter(|now| before.iter().any(|was| was.id == now.id && !same(was, now)))
            .map(|now| now.id.clone())
            .collect();
        prop_assert_eq!(sorted(&snapshot.updated), sorted(&updated));
        prop_assert!(snapshot.moved.iter().all(|id| old.contains(id) && new.contains(id)));
        // What neither came nor went nor moved keeps its order.
        let still = |list: Vec<String>, other: &[String]| {
            list.into_iter().filter(|id| other.contains(id) && !snapshot.moved.contains(id)).collect::<Vec<_>>()
        };
        prop_assert_eq!(still(old.clone(), &new), still(new, &old));
        Ok(())
    }

    proptest! {
        #[test]
        fn differences_lead_from_one_list_to_the_next(before in distinct(), after in distinct()) {
            let before = list(&before);
            check(&before, &difference(&before, &list(&after)))?;
        }
    }

    #[test]
    fn one_document_that_jumps_is_the_only_one_that_moved() {
        let snapshot = difference(&list(&[(1, 0), (2, 0), (3, 0), (4, 0)]), &list(&[(4, 0), (1, 0), (2, 0), (3, 0)]));
        assert_eq!(snapshot.moved, ["4"]);
    }
}

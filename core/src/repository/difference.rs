//! What is different between two results of a query.

use crate::model::Document;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The result of a live query at one moment, and what is different from the one before. The lists of differences hold ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// The whole result, in order.
    pub documents: Vec<Document>,
    /// New in the result; in the first snapshot, all.
    pub inserted: Vec<String>,
    /// Still there, with another content or status.
    pub updated: Vec<String>,
    /// No longer there.
    pub removed: Vec<String>,
    /// Still there, at another place among those that stayed.
    pub moved: Vec<String>,
}

/// What an observer has seen of a document.
pub(super) struct Shown {
    pub row: i64,
    pub id: String,
    pub hash: u64,
}

/// A document's content and status in one number.
pub(super) fn hash(document: &Document) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&document.body, document.status, document.version).hash(&mut hasher);
    hasher.finish()
}

/// Fills in the differences of `snapshot` between two results.
pub(super) fn difference(before: &[Shown], after: &[Shown], snapshot: &mut Snapshot) {
    let old: HashMap<&str, (usize, u64)> =
        before.iter().enumerate().map(|(at, s)| (s.id.as_str(), (at, s.hash))).collect();
    let mut stayed = Vec::new();
    for shown in after {
        match old.get(shown.id.as_str()) {
            None => snapshot.inserted.push(shown.id.clone()),
            Some((at, hash)) => {
                stayed.push((*at, shown.id.as_str()));
                if *hash != shown.hash {
                    snapshot.updated.push(shown.id.clone());
                }
            }
        }
    }
    if stayed.len() < before.len() {
        let here: HashSet<&str> = stayed.iter().map(|(_, id)| *id).collect();
        snapshot.removed = before.iter().filter(|s| !here.contains(s.id.as_str())).map(|s| s.id.clone()).collect();
    }
    let places: Vec<usize> = stayed.iter().map(|(at, _)| *at).collect();
    let still = longest_rising(&places);
    snapshot.moved =
        stayed.iter().zip(still).filter(|(_, still)| !still).map(|((_, id), _)| (*id).to_owned()).collect();
}

/// Which members belong to a longest rising subsequence: those that need not move (patience sorting).
fn longest_rising(values: &[usize]) -> Vec<bool> {
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(list: &[(u8, u8)]) -> Vec<Shown> {
        list.iter()
            .map(|(id, hash)| Shown { row: i64::from(*id), id: id.to_string(), hash: u64::from(*hash) })
            .collect()
    }

    fn distinct() -> impl Strategy<Value = Vec<(u8, u8)>> {
        prop::collection::btree_map(0u8..12, 0u8..2, 0..10)
            .prop_map(|m| m.into_iter().collect::<Vec<_>>())
            .prop_shuffle()
    }

    proptest! {
        #[test]
        fn differences_lead_from_one_list_to_the_next(before in distinct(), after in distinct()) {
            let mut snapshot = Snapshot::default();
            difference(&shown(&before), &shown(&after), &mut snapshot);
            // What neither came nor went nor moved keeps its order.
            let text = |id: &u8| id.to_string();
            let kept: Vec<String> = before.iter().map(|(id, _)| text(id))
                .filter(|id| !snapshot.removed.contains(id) && !snapshot.moved.contains(id)).collect();
            let there: Vec<String> = after.iter().map(|(id, _)| text(id))
                .filter(|id| !snapshot.inserted.contains(id) && !snapshot.moved.contains(id)).collect();
            prop_assert_eq!(kept, there);
            for (id, hash) in &after {
                let was = before.iter().find(|(other, _)| other == id).map(|(_, hash)| hash);
                prop_assert_eq!(snapshot.inserted.contains(&text(id)), was.is_none());
                prop_assert_eq!(snapshot.updated.contains(&text(id)), was.is_some_and(|was| was != hash));
            }
        }
    }

    #[test]
    fn one_document_that_jumps_is_the_only_one_that_moved() {
        let mut snapshot = Snapshot::default();
        difference(&shown(&[(1, 0), (2, 0), (3, 0), (4, 0)]), &shown(&[(4, 0), (1, 0), (2, 0), (3, 0)]), &mut snapshot);
        assert_eq!(snapshot.moved, ["4"]);
    }
}

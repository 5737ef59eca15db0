//! Divides a batch into units and transactions.
//!
//! Invariants:
//! - A group is never divided: not between transactions, and not by other operations between its own, which could build on
//!   writes that are undone after them.
//! - Every operation is in exactly one unit, and units are in the order of the request.

use std::collections::BTreeMap;
use std::ops::Range;

/// Operations that are accepted or refused together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unit {
    /// One by itself.
    Single(usize),
    /// All or none.
    Group(Range<usize>),
    /// Members of a group that is scattered over the batch: none.
    Scattered(usize),
}

impl Unit {
    /// The operations of the unit, in the order of the request.
    pub(crate) fn operations(&self) -> Range<usize> {
        match self {
            Self::Single(index) | Self::Scattered(index) => *index..*index + 1,
            Self::Group(range) => range.clone(),
        }
    }

    fn len(&self) -> usize {
        self.operations().len()
    }
}

/// The units of a batch whose operations are in these groups.
pub(crate) fn units(groups: &[Option<&str>], atomic: bool) -> Vec<Unit> {
    if atomic {
        let all = Unit::Group(0..groups.len());
        return if groups.is_empty() { Vec::new() } else { vec![all] };
    }
    let mut extents: BTreeMap<&str, (Range<usize>, usize)> = BTreeMap::new();
    for (index, group) in groups.iter().enumerate() {
        if let Some(group) = group {
            let (extent, members) = extents.entry(group).or_insert((index..index, 0));
            extent.end = index + 1;
            *members += 1;
        }
    }
    let mut units = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        match group.and_then(|group| extents.get(group)) {
            None => units.push(Unit::Single(index)),
            Some((extent, members)) if extent.len() != *members => units.push(Unit::Scattered(index)),
            Some((extent, _)) if extent.start == index => units.push(Unit::Group(extent.clone())),
            Some(_) => {}
        }
    }
    units
}

/// Units that share a transaction: as many as have about `most` operations.
pub(crate) fn transactions(units: Vec<Unit>, most: usize) -> Vec<Vec<Unit>> {
    let mut transactions: Vec<Vec<Unit>> = Vec::new();
    let mut room = 0;
    for unit in units {
        let len = unit.len();
        match transactions.last_mut() {
            Some(last) if len <= room => last.push(unit),
            _ => {
                transactions.push(vec![unit]);
                room = most;
            }
        }
        room = room.saturating_sub(len);
    }
    transactions
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plan_keeps_groups_whole() {
        let g = Some("g");
        assert_eq!(units(&[None, g, g, None], false), [Unit::Single(0), Unit::Group(1..3), Unit::Single(3)]);
        assert_eq!(units(&[g, None, g], false), [Unit::Scattered(0), Unit::Single(1), Unit::Scattered(2)]);
        assert_eq!(units(&[g, None, g], true), [Unit::Group(0..3)]);
        assert_eq!(units(&[], true), []);
    }

    proptest! {
        #[test]
        fn plan_places_every_operation_once_in_order(groups in prop::collection::vec(prop::option::of("[abc]"), 0..20), most in 1usize..6) {
            let groups: Vec<Option<&str>> = groups.iter().map(Option::as_deref).collect();
            let transactions = transactions(units(&groups, false), most);
            let mut next = 0;
            for unit in transactions.iter().flatten() {
                let range = match unit {
                    Unit::Single(index) | Unit::Scattered(index) => *index..index + 1,
                    Unit::Group(range) => range.clone(),
                };
                prop_assert_eq!(range.start, next);
                next = range.end;
            }
            prop_assert_eq!(next, groups.len());
            for transaction in &transactions {
                let operations: usize = transaction.iter().map(Unit::len).sum();
                prop_assert!(operations <= most || transaction.len() == 1);
            }
        }
    }
}

//! The rows that a batch wrote in a stream.

use std::ops::RangeInclusive;

/// Their sequence numbers. Those of one batch nearly always follow each other, so they are kept as ranges, in rising order.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnRows(Vec<RangeInclusive<i64>>);

impl OwnRows {
    /// Adds a row.
    pub(crate) fn insert(&mut self, seq: i64) {
        let place = self.0.partition_point(|range| *range.start() <= seq);
        let before = place.checked_sub(1).and_then(|before| self.0.get_mut(before));
        match before {
            Some(range) if seq <= *range.end() => {}
            Some(range) if seq == range.end() + 1 => *range = *range.start()..=seq,
            _ => self.0.insert(place, seq..=seq),
        }
    }

    /// Adds the rows of a later part of the batch.
    pub(crate) fn extend(&mut self, more: &Self) {
        match (self.0.last().map(|last| *last.end()), more.0.split_first()) {
            (Some(end), Some((first, rest))) if end < *first.start() => {
                first.clone().for_each(|seq| self.insert(seq));
                self.0.extend_from_slice(rest);
            }
            (None, _) => self.0.clone_from(&more.0),
            _ => more.0.iter().cloned().flatten().for_each(|seq| self.insert(seq)),
        }
    }

    /// Whether the batch wrote this row.
    pub(crate) fn contains(&self, seq: i64) -> bool {
        let place = self.0.partition_point(|range| *range.start() <= seq);
        place.checked_sub(1).is_some_and(|before| self.0[before].contains(&seq))
    }

    /// Whether the batch wrote every row after `after` up to `up_to`.
    pub(crate) fn cover(&self, after: i64, up_to: i64) -> bool {
        let mut seen = after;
        for range in &self.0 {
            if *range.start() > seen + 1 {
                break;
            }
            seen = seen.max(*range.end());
        }
        seen >= up_to
    }

    /// How many rows there are.
    pub(crate) fn count(&self) -> usize {
        let rows = self.0.iter().map(|range| range.end() - range.start() + 1).sum::<i64>();
        usize::try_from(rows).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn ranges_are_the_set_of_their_rows(
            parts in prop::collection::vec(prop::collection::vec(1i64..24, 0..12), 0..4),
            after in 0i64..24,
            up_to in 0i64..24,
        ) {
            let (mut rows, mut set) = (OwnRows::default(), BTreeSet::new());
            for part in parts {
                let mut more = OwnRows::default();
                part.iter().for_each(|seq| more.insert(*seq));
                rows.extend(&more);
                set.extend(part);
            }
            prop_assert_eq!(rows.count(), set.len());
            for seq in 0..26 {
                prop_assert_eq!(rows.contains(seq), set.contains(&seq));
            }
            prop_assert_eq!(rows.cover(after, up_to), (after + 1..=up_to).all(|seq| set.contains(&seq)));
        }
    }
}

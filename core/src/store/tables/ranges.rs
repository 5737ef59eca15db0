//! Ranges of numbers: one statement for many rows.

use std::ops::RangeInclusive;

/// Numbers as ranges that hold these and no others, in their order.
pub(crate) fn ranges(op_seqs: impl Iterator<Item = i64>) -> Vec<RangeInclusive<i64>> {
    let mut op_seqs: Vec<i64> = op_seqs.collect();
    op_seqs.sort_unstable();
    let mut ranges: Vec<RangeInclusive<i64>> = Vec::new();
    for op_seq in op_seqs {
        match ranges.last_mut() {
            Some(range) if op_seq <= range.end() + 1 => *range = *range.start()..=op_seq,
            _ => ranges.push(op_seq..=op_seq),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn numbers_that_follow_each_other_are_one_range() {
        assert_eq!(ranges([7, 3, 4, 5, 9, 4].into_iter()), [3..=5, 7..=7, 9..=9]);
        assert_eq!(ranges(std::iter::empty()), []);
    }
}

//! Which rows of a collection changed, noted once for all of its observers.
//!
//! Invariants:
//! - Rows are noted before the commit that changes them, and an observer reads the notes after its snapshot stands. So a snapshot never has a
//!   change that is not in the notes, and a transaction is seen whole or not at all.
//! - An observer has seen a commit when it has looked at a snapshot that surely has it. Notes are dropped when all observers have seen them, or
//!   when there are too many: who has not seen a dropped one has to look at everything.

use std::collections::VecDeque;

/// More rows than this are not kept.
const MAX_ROWS: usize = 10_000;
/// Up to so many rows it is not asked who has seen them.
const FEW_ROWS: usize = 64;

/// Changed rows of a collection, each with the number of its commit, in the order of commits.
#[derive(Debug, Default)]
pub(super) struct ChangeLog {
    rows: VecDeque<(u64, i64)>,
    /// The newest commit with rows that are not here any more; 0 if there is none.
    dropped: u64,
    /// With more rows than this, what all have seen is dropped.
    trim_at: usize,
}

/// What has changed.
#[derive(Debug, PartialEq)]
pub(super) enum Changed {
    /// These rows: sorted, each once.
    Rows(Vec<i64>),
    /// There is no list of rows: the whole result has to be read.
    Anything,
}

impl ChangeLog {
    /// Notes the rows of a commit. `all_have_seen`: the newest commit that every observer has seen.
    pub fn add(&mut self, commit: u64, rows: impl ExactSizeIterator<Item = i64>, all_have_seen: impl FnOnce() -> u64) {
        if rows.len() > MAX_ROWS {
            return self.drop_up_to(commit);
        }
        self.rows.extend(rows.map(|row| (commit, row)));
        if self.rows.len() > self.trim_at.clamp(FEW_ROWS, MAX_ROWS) {
            self.drop_up_to(all_have_seen());
            if self.rows.len() > MAX_ROWS {
                self.drop_up_to(self.rows[self.rows.len() / 2].0);
            }
            self.trim_at = 2 * self.rows.len();
        }
    }

    /// Drops the notes of this commit and of those before it.
    pub fn drop_up_to(&mut self, commit: u64) {
        self.rows.drain(..self.place_after(commit));
        self.dropped = self.dropped.max(commit);
    }

    /// What commits after this one have changed; `None`: nothing.
    pub fn since(&self, seen: u64) -> Option<Changed> {
        if self.dropped > seen {
            return Some(Changed::Anything);
        }
        let mut rows: Vec<i64> = self.rows.range(self.place_after(seen)..).map(|(_, row)| *row).collect();
        rows.sort_unstable();
        rows.dedup();
        (!rows.is_empty()).then_some(Changed::Rows(rows))
    }

    fn place_after(&self, commit: u64) -> usize {
        self.rows.partition_point(|(noted, _)| *noted <= commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(log: &mut ChangeLog, commit: u64, rows: impl IntoIterator<Item = i64>) {
        log.add(commit, rows.into_iter().collect::<Vec<_>>().into_iter(), || 0);
    }

    #[test]
    fn who_has_seen_a_commit_gets_what_came_after_it() {
        let mut log = ChangeLog::default();
        add(&mut log, 1, [5, 3]);
        add(&mut log, 3, [3, 4]);
        assert_eq!(log.since(0), Some(Changed::Rows(vec![3, 4, 5])));
        assert_eq!(log.since(1), Some(Changed::Rows(vec![3, 4])));
        assert_eq!(log.since(2), Some(Changed::Rows(vec![3, 4])));
        assert_eq!(log.since(3), None);
    }

    #[test]
    fn who_has_not_seen_what_was_dropped_looks_at_everything() {
        let mut log = ChangeLog::default();
        add(&mut log, 1, 0..6_000);
        add(&mut log, 2, 0..6_000);
        assert_eq!((log.since(0), log.since(1)), (Some(Changed::Anything), Some(Changed::Anything)));
        assert_eq!(log.since(2), None);
        add(&mut log, 3, 0..6_000);
        assert_eq!(log.since(2), Some(Changed::Rows((0..6_000).collect())));
        add(&mut log, 4, 0..20_000);
        assert_eq!((log.since(3), log.since(4)), (Some(Changed::Anything), None));
    }

    #[test]
    fn what_all_have_seen_is_not_kept() {
        let mut log = ChangeLog::default();
        for commit in 1..10_000 {
            log.add(commit, [1].into_iter(), || commit - 1);
            assert!(log.rows.len() <= FEW_ROWS + 1);
            assert_eq!(log.since(commit - 1), Some(Changed::Rows(vec![1])));
        }
    }

    #[test]
    fn an_observer_that_never_looks_makes_no_commit_ask_again_and_again() {
        let (mut log, mut asked) = (ChangeLog::default(), 0);
        for commit in 1..100_000 {
            log.add(commit, [1, 2].into_iter(), || {
                asked += 1;
                0
            });
            assert!(log.rows.len() <= 2 * MAX_ROWS);
        }
        assert!(asked < 50, "{asked}");
        assert_eq!(log.since(0), Some(Changed::Anything));
    }
}

//! What an observer has to look at: which rows changed since it looked last.
//!
//! Invariants:
//! - Rows are noted before the commit that changes them, and an observer takes its notes after it has opened a snapshot. So a snapshot never
//!   has a change that is not in the notes, and a transaction is seen whole or not at all.
//! - A note is given up only when a snapshot that surely has its commit was looked at: notes of a commit that may not be in it are kept, and so
//!   are all of them if reading fails.

use std::collections::BTreeSet;

/// More rows than this are not kept one by one.
const MAX_ROWS: usize = 10_000;

/// Changed rows, each with the number of its commit.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Notes {
    rows: Vec<(u64, i64)>,
    /// Anything may have changed, up to the commit with this number.
    anything: Option<u64>,
}

/// What has changed.
#[derive(Debug, PartialEq)]
pub(super) enum Changed {
    /// These rows: sorted, each once.
    Rows(Vec<i64>),
    /// There is no list of rows: the whole result has to be read.
    Anything,
}

impl Notes {
    pub fn add(&mut self, commit: u64, rows: impl IntoIterator<Item = i64>) {
        self.rows.extend(rows.into_iter().map(|row| (commit, row)));
        if self.rows.len() > MAX_ROWS {
            self.anything(commit);
        }
    }

    /// Notes that anything may have changed up to a commit; 0: before this process has committed anything.
    pub fn anything(&mut self, commit: u64) {
        let newest = self.rows.iter().map(|(commit, _)| *commit).max().unwrap_or(0);
        self.anything = self.anything.max(Some(commit.max(newest)));
        self.rows.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.anything.is_none()
    }

    /// What they say.
    pub fn changed(&self) -> Changed {
        match self.anything {
            Some(_) => Changed::Anything,
            None => Changed::Rows(self.rows.iter().map(|(_, row)| *row).collect::<BTreeSet<_>>().into_iter().collect()),
        }
    }

    /// Gives up the notes of commits up to this one: they were looked at.
    pub fn looked_at(mut self, decided: u64) -> Self {
        self.rows.retain(|(commit, _)| *commit > decided);
        self.anything = self.anything.filter(|commit| *commit > decided);
        self
    }

    /// Puts older notes back.
    pub fn put_back(&mut self, older: Self) {
        let newer = std::mem::replace(self, older);
        if let Some(commit) = newer.anything {
            self.anything(commit);
        }
        for (commit, row) in newer.rows {
            self.add(commit, [row]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_of_a_commit_that_may_be_missing_are_kept() {
        let mut notes = Notes::default();
        notes.add(1, [5, 3]);
        notes.add(2, [3]);
        assert_eq!(notes.changed(), Changed::Rows(vec![3, 5]));
        let left = notes.looked_at(1);
        assert_eq!(left.changed(), Changed::Rows(vec![3]));
        assert!(left.looked_at(2).is_empty());
    }

    #[test]
    fn too_many_rows_become_anything_until_the_last_commit_is_seen() {
        let mut notes = Notes::default();
        notes.add(1, 0..6_000);
        notes.add(2, 0..6_000);
        assert_eq!(notes.changed(), Changed::Anything);
        let left = notes.looked_at(1);
        assert_eq!(left.changed(), Changed::Anything);
        assert!(left.looked_at(2).is_empty());
    }

    #[test]
    fn notes_that_are_put_back_join_those_that_came_since() {
        let (mut older, mut newer) = (Notes::default(), Notes::default());
        older.add(1, [1]);
        newer.add(2, [2]);
        newer.put_back(older);
        assert_eq!(newer.changed(), Changed::Rows(vec![1, 2]));
        let mut all = Notes::default();
        all.anything(0);
        newer.put_back(all);
        assert_eq!(newer.changed(), Changed::Anything);
        assert!(newer.looked_at(2).is_empty());
    }
}

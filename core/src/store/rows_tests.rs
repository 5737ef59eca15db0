use super::*;
use crate::model::SyncStatus;
use proptest::prelude::*;

/// The mark of the state after so many commits.
fn mark(commits: u32) -> Mark {
    Mark::test(commits)
}

fn document(id: &str, body: &str) -> Document {
    Document { id: id.into(), body: body.into(), status: SyncStatus::Synced, version: Some(1) }
}

/// Two reads: only then it is kept.
fn keep(cache: &RowCache, at: u32, row: i64, document: &Document) {
    (0..2).for_each(|_| cache.offer(mark(at), 1, row, document));
}

fn cache(limit: usize) -> RowCache {
    let cache = RowCache::new(limit);
    cache.reset(Some(mark(0)));
    cache
}

#[test]
fn a_document_is_kept_when_it_is_read_twice() {
    let (cache, document) = (cache(10_000), document("a", "{}"));
    cache.offer(mark(0), 1, 7, &document);
    assert_eq!(cache.get(mark(0), 1, "a"), None);
    cache.offer(mark(0), 1, 7, &document);
    assert_eq!(cache.get(mark(0), 1, "a"), Some(document));
    assert_eq!((cache.get(mark(0), 2, "a"), cache.get(mark(0), 1, "b")), (None, None));
}

#[test]
fn an_own_commit_takes_out_what_it_changes_and_nothing_else() {
    let (cache, a, b) = (cache(10_000), document("a", "{}"), document("b", "{}"));
    keep(&cache, 0, 1, &a);
    keep(&cache, 0, 2, &b);
    cache.committed(mark(0), mark(1), &[(1, 2)], true);
    assert_eq!((cache.get(mark(1), 1, "a"), cache.get(mark(1), 1, "b")), (Some(a), None));
    // A reader that has not seen the commit yet.
    assert_eq!(cache.get(mark(0), 1, "a"), None);
}

#[test]
fn a_commit_of_another_process_makes_it_useless_until_an_own_one() {
    let (cache, a) = (cache(10_000), document("a", "{}"));
    keep(&cache, 0, 1, &a);
    assert_eq!(cache.get(mark(1), 1, "a"), None);
    keep(&cache, 1, 1, &a);
    assert_eq!(cache.get(mark(1), 1, "a"), None);
    cache.committed(mark(1), mark(2), &[], true);
    assert_eq!(cache.get(mark(2), 1, "a"), None, "nothing was carried over");
    keep(&cache, 2, 1, &a);
    assert_eq!(cache.get(mark(2), 1, "a"), Some(a.clone()));
    // Another one has committed right behind.
    cache.committed(mark(2), mark(4), &[], false);
    assert_eq!(cache.get(mark(4), 1, "a"), None);
}

#[test]
fn what_was_read_before_a_commit_is_not_kept_after_it() {
    let (cache, old) = (cache(10_000), document("a", "{\"n\":1}"));
    cache.offer(mark(0), 1, 1, &old);
    cache.committed(mark(0), mark(1), &[(1, 1)], true);
    cache.offer(mark(0), 1, 1, &old);
    assert_eq!(cache.get(mark(1), 1, "a"), None);
}

#[test]
fn bytes_are_bounded_and_what_was_used_last_stays() {
    let (cache, body) = (cache(100_000), "x".repeat(1_000));
    for n in 0..1_000 {
        keep(&cache, 0, n, &document(&n.to_string(), &body));
        assert!(cache.get(mark(0), 1, "0").is_some(), "{n}");
    }
    let kept = cache.locked();
    assert!(kept.bytes <= 100_000 && kept.bytes > 90_000);
    assert_eq!(kept.bytes, kept.entries.values().map(Entry::bytes).sum::<usize>());
    assert_eq!(kept.entries.len(), kept.rows[&1].len());
    drop(kept);
    keep(&cache, 0, 5_000, &document("large", &"x".repeat(50_000)));
    assert!(cache.get(mark(0), 1, "large").is_none() && cache.get(mark(0), 1, "0").is_some());
}

#[test]
fn a_cache_of_no_bytes_keeps_nothing() {
    let cache = cache(0);
    keep(&cache, 0, 1, &document("a", ""));
    assert_eq!(cache.get(mark(0), 1, "a"), None);
}

#[derive(Debug, Clone)]
enum Step {
    /// Reads a document: what is read is the state at the newest commit.
    Read(i64),
    /// Reads it, but a commit comes before it is offered.
    SlowRead(i64, i64),
    Write(Vec<i64>),
    OtherProcess(i64),
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..6i64).prop_map(Step::Read),
        1 => (0..6i64, 0..6i64).prop_map(|(read, written)| Step::SlowRead(read, written)),
        3 => prop::collection::vec(0..6i64, 0..3).prop_map(Step::Write),
        1 => (0..6i64).prop_map(Step::OtherProcess),
        1 => Just(Step::Reset),
    ]
}

proptest! {
    /// Whichever process writes, and whenever: what is given out is what the database has.
    #[test]
    fn what_is_given_out_is_the_newest(steps in prop::collection::vec(step(), 0..200)) {
        let (cache, mut commits, mut state) = (cache(4 * 300), 0, [0u32; 6]);
        let shown = |state: &[u32; 6], row: i64| document(&row.to_string(), &state[row as usize].to_string());
        for step in steps {
            match step {
                Step::Read(row) => match cache.get(mark(commits), 1, &row.to_string()) {
                    Some(found) => prop_assert_eq!(found, shown(&state, row)),
                    None => cache.offer(mark(commits), 1, row, &shown(&state, row)),
                },
                Step::SlowRead(row, written) => {
                    let read = (mark(commits), shown(&state, row));
                    state[written as usize] += 1;
                    cache.committed(mark(commits), mark(commits + 1), &[(1, written)], true);
                    commits += 1;
                    cache.offer(read.0, 1, row, &read.1);
                }
                Step::Write(rows) => {
                    rows.iter().for_each(|row| state[*row as usize] += 1);
                    let rows: Vec<ChangedRow> = rows.into_iter().map(|row| (1, row)).collect();
                    cache.committed(mark(commits), mark(commits + 1), &rows, true);
                    commits += 1;
                }
                Step::OtherProcess(row) => {
                    state[row as usize] += 1;
                    commits += 1;
                }
                Step::Reset => cache.reset(Some(mark(commits))),
            }
        }
    }
}

//! Three-way merge of a text, line by line (as `diff3` does, but that changes of neighbouring lines do not clash).
//!
//! Lines that one side changed are that side's, lines that both inserted at one place are both there, the server's first; where both changed
//! the same lines, the winner's stand.

use super::Merged;

/// Lines of the base, from `start` to before `end`, that one side has replaced.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Hunk<'t> {
    start: usize,
    end: usize,
    with: &'t [&'t str],
}

impl Hunk<'_> {
    fn inserts(&self) -> bool {
        self.start == self.end
    }

    /// Whether some line is in both ranges, or one side inserts between lines that the other one replaces.
    fn overlaps(&self, start: usize, end: usize) -> bool {
        self.start < end && self.end > start
    }
}

/// The merged text.
pub(super) fn merge(base: &str, local: &str, server: &str, local_wins: bool) -> Merged<String> {
    let lines = |text| str::split(text, '\n').collect::<Vec<_>>();
    let (base, local, server) = (lines(base), lines(local), lines(server));
    let (ours, theirs) = (hunks(&base, &local), hunks(&base, &server));
    let (mut ours, mut theirs) = (ours.iter().copied().peekable(), theirs.iter().copied().peekable());
    let (mut merged, mut at) = (Vec::with_capacity(server.len()), 0);
    let (mut local_lost, mut server_lost) = (false, false);
    loop {
        let first =
            [ours.peek(), theirs.peek()].into_iter().flatten().min_by_key(|hunk| (hunk.start, hunk.end)).copied();
        let Some(first) = first else { break };
        merged.extend(&base[at..first.start]);
        if let (Some(our), Some(their)) = (ours.peek(), theirs.peek())
            && our.inserts()
            && their.inserts()
            && our.start == their.start
        {
            merged.extend(their.with);
            merged.extend(our.with.iter().filter(|_| our.with != their.with));
            at = first.start;
            ours.next();
            theirs.next();
            continue;
        }
        // All changes that overlap.
        let (mut end, mut mine, mut others) = (first.end, Vec::new(), Vec::new());
        if let Some(hunk) = ours.next_if_eq(&first) {
            mine.push(hunk);
        } else {
            others.extend(theirs.next());
        }
        loop {
            let overlaps = |hunk: &Hunk<'_>| hunk.overlaps(first.start, end);
            let (side, hunk) = match ours.next_if(overlaps) {
                Some(hunk) => (&mut mine, hunk),
                None => match theirs.next_if(overlaps) {
                    Some(hunk) => (&mut others, hunk),
                    None => break,
                },
            };
            side.push(hunk);
            end = end.max(hunk.end);
        }
        let (now, then) = (replaced(&base, first.start, end, &mine), replaced(&base, first.start, end, &others));
        let ours_stand = others.is_empty() || !mine.is_empty() && local_wins;
        if !mine.is_empty() && !others.is_empty() && now != then {
            (local_lost, server_lost) = (local_lost | !ours_stand, server_lost | ours_stand);
        }
        merged.extend(if ours_stand { now } else { then });
        at = end;
    }
    merged.extend(&base[at..]);
    Merged { value: merged.join("\n"), local_lost, server_lost }
}

/// What one side has in the place of the base's lines from `start` to before `end`.
fn replaced<'t>(base: &[&'t str], start: usize, end: usize, hunks: &[Hunk<'t>]) -> Vec<&'t str> {
    let (mut lines, mut at) = (Vec::new(), start);
    for hunk in hunks {
        lines.extend(&base[at..hunk.start]);
        lines.extend(hunk.with);
        at = hunk.end;
    }
    lines.extend(&base[at..end]);
    lines
}

/// What has to be replaced in `base` to get `other`, in order.
fn hunks<'t>(base: &[&str], other: &'t [&'t str]) -> Vec<Hunk<'t>> {
    let kept = matches(base, other);
    let (mut hunks, mut b, mut o) = (Vec::new(), 0, 0);
    let stable = kept.iter().enumerate().filter_map(|(at, there)| Some((at, (*there)?)));
    for (to_b, to_o) in stable.chain([(base.len(), other.len())]) {
        if to_b > b || to_o > o {
            hunks.push(Hunk { start: b, end: to_b, with: &other[o..to_o] });
        }
        (b, o) = (to_b + 1, to_o + 1);
    }
    hunks
}

/// For each line of `a` the line of `b` that it became: a longest common subsequence. Texts too long for that match at their ends only.
fn matches(a: &[&str], b: &[&str]) -> Vec<Option<usize>> {
    const MOST: usize = 4_000_000;
    let mut found = vec![None; a.len()];
    let head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    for (at, slot) in found.iter_mut().enumerate().take(head) {
        *slot = Some(at);
    }
    for back in 1..=tail {
        found[a.len() - back] = Some(b.len() - back);
    }
    let (mid_a, mid_b) = (&a[head..a.len() - tail], &b[head..b.len() - tail]);
    if mid_a.is_empty() || mid_b.is_empty() || mid_a.len().saturating_mul(mid_b.len()) > MOST {
        return found;
    }
    let width = mid_b.len() + 1;
    let mut lengths = vec![0u32; (mid_a.len() + 1) * width];
    for i in (0..mid_a.len()).rev() {
        for j in (0..mid_b.len()).rev() {
            lengths[i * width + j] = if mid_a[i] == mid_b[j] {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < mid_a.len() && j < mid_b.len() {
        if mid_a[i] == mid_b[j] {
            found[head + i] = Some(head + j);
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    fn merge(base: &str, local: &str, server: &str, local_wins: bool) -> String {
        super::merge(base, local, server, local_wins).value
    }

    #[test]
    fn lines_of_both_sides_are_kept() {
        let base = "one\ntwo\nthree\n";
        assert_eq!(merge(base, "ONE\ntwo\nthree\n", "one\ntwo\nthree\nfour\n", true), "ONE\ntwo\nthree\nfour\n");
        assert_eq!(merge(base, "one\nthree\n", "zero\none\ntwo\nthree\n", true), "zero\none\nthree\n");
        assert_eq!(merge(base, "one\n2\nthree\n", "one\nII\nthree\n", true), "one\n2\nthree\n");
        assert_eq!(merge(base, "one\n2\nthree\n", "one\nII\nthree\n", false), "one\nII\nthree\n");
    }

    #[test]
    fn changes_of_neighbouring_lines_do_not_clash() {
        for wins in [true, false] {
            assert_eq!(merge("1\n2\n3", "A\n2\n3", "1\nB\n3", wins), "A\nB\n3");
            assert_eq!(merge("1\n2\n3", "1\nB\n3", "A\n2\n3", wins), "A\nB\n3");
            assert_eq!(merge("1\n2\n3", "1\n2", "1\n2\n3\n4", wins), "1\n2\n4");
            assert_eq!(merge("1\n2", "1\n2\nours", "1\n2\ntheirs", wins), "1\n2\ntheirs\nours");
            assert_eq!(merge("1\n2", "1\n2\nsame", "1\n2\nsame", wins), "1\n2\nsame");
        }
    }

    #[test]
    fn what_loses_is_told() {
        for wins in [true, false] {
            let clash = super::merge("1\n2\n3", "A\n2\n3", "B\n2\n3", wins);
            assert_eq!((clash.local_lost, clash.server_lost), (!wins, wins));
            let both = super::merge("1\n2\n3", "A\n2\n3", "1\nB\n3", wins);
            assert_eq!((both.local_lost, both.server_lost), (false, false));
            // An edit within lines that the other side has removed.
            let inside = super::merge("1\n2\n3\n4", "1\nX\n2\n3\n4", "4", wins);
            assert_eq!((inside.local_lost, inside.server_lost), (!wins, wins));
        }
    }

    proptest! {
        #[test]
        fn the_laws_of_the_merge_hold_for_lines(b in "([ab]?\n){0,5}", x in "([ab]?\n){0,5}[ab]?", wins in any::<bool>()) {
            prop_assert_eq!(&merge(&b, &b, &x, wins), &x);
            prop_assert_eq!(&merge(&b, &x, &b, wins), &x);
            prop_assert_eq!(&merge(&b, &x, &x, wins), &x);
        }

        #[test]
        fn every_line_of_one_side_alone_is_there(b in "([ab]?\n){0,5}", x in "([cd]?\n){0,5}", y in "([ef]?\n){0,5}", wins in any::<bool>()) {
            let merged = super::merge(&b, &x, &y, wins);
            let has = |text: &str| text.lines().all(|line| merged.value.lines().any(|other| other == line));
            prop_assert!(merged.local_lost || has(&x) || x.lines().any(str::is_empty));
            prop_assert!(merged.server_lost || has(&y) || y.lines().any(str::is_empty));
        }
    }
}

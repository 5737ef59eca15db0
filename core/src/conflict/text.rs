//! Three-way merge of a text, line by line (as `diff3` does).
//!
//! Lines that one side changed are that side's; where both changed the same lines, the winner's stand.

/// The merged text.
pub(super) fn merge(base: &str, local: &str, server: &str, local_wins: bool) -> String {
    let lines = |text: &'_ str| text.split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
    let (base, local, server) = (lines(base), lines(local), lines(server));
    let (ours, theirs) = (matches(&base, &local), matches(&base, &server));
    let mut merged = String::new();
    let (mut b, mut l, mut s) = (0, 0, 0);
    loop {
        // The next line of the base that both sides have kept.
        let stable = (b..base.len()).find_map(|at| Some((at, ours[at]?, theirs[at]?)));
        let (to_b, to_l, to_s) = stable.unwrap_or((base.len(), local.len(), server.len()));
        let (was, ours_now, theirs_now) = (&base[b..to_b], &local[l..to_l], &server[s..to_s]);
        let chosen = match (ours_now == was, theirs_now == was) {
            (true, _) => theirs_now,
            (false, true) => ours_now,
            (false, false) if local_wins => ours_now,
            (false, false) => theirs_now,
        };
        merged.extend(chosen.iter().map(String::as_str));
        let Some((at, l_at, s_at)) = stable else { return merged };
        merged.push_str(&base[at]);
        (b, l, s) = (at + 1, l_at + 1, s_at + 1);
    }
}

/// For each line of `a` the line of `b` that it became: a longest common subsequence. Texts too long for that match at their ends only.
fn matches(a: &[String], b: &[String]) -> Vec<Option<usize>> {
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
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_of_both_sides_are_kept() {
        let base = "one\ntwo\nthree\n";
        assert_eq!(merge(base, "ONE\ntwo\nthree\n", "one\ntwo\nthree\nfour\n", true), "ONE\ntwo\nthree\nfour\n");
        assert_eq!(merge(base, "one\nthree\n", "zero\none\ntwo\nthree\n", true), "zero\none\nthree\n");
        assert_eq!(merge(base, "one\n2\nthree\n", "one\nII\nthree\n", true), "one\n2\nthree\n");
        assert_eq!(merge(base, "one\n2\nthree\n", "one\nII\nthree\n", false), "one\nII\nthree\n");
    }

    proptest! {
        #[test]
        fn the_laws_of_the_merge_hold_for_lines(b in "([ab]?\n){0,5}", x in "([ab]?\n){0,5}[ab]?", wins in any::<bool>()) {
            prop_assert_eq!(&merge(&b, &b, &x, wins), &x);
            prop_assert_eq!(&merge(&b, &x, &b, wins), &x);
            prop_assert_eq!(&merge(&b, &x, &x, wins), &x);
        }
    }
}

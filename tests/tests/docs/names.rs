//! `scripts/check-words` refuses the names that the glossary gives up, and no other ones.

use super::read;
use std::collections::BTreeSet;

/// What stands between backticks in the first column of the table of names that were given up.
fn given_up(glossary: &str) -> BTreeSet<String> {
    let table = glossary.split("| Given up | Now |").nth(1).unwrap();
    let first = table.lines().filter_map(|row| row.strip_prefix("| ")?.split(" | ").next());
    first.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[test]
fn names_that_are_refused_are_those_of_the_glossary() {
    let (script, glossary) = (read("scripts/check-words"), read("docs/glossary.md"));
    let list = script.split("names=(").nth(1).unwrap().split(')').next().unwrap();
    let refused: BTreeSet<_> = list.split_whitespace().map(str::to_owned).collect();
    let given_up = given_up(&glossary);
    assert_eq!(refused.difference(&given_up).collect::<Vec<_>>(), Vec::<&String>::new(), "not in the glossary");
    // A name that is a word of another thing, too, cannot be refused.
    for term in glossary.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()) {
        let banned = refused.iter().find(|name| name.eq_ignore_ascii_case(term));
        assert_eq!(banned, None, "a term of the glossary is refused");
    }
}

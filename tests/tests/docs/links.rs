//! Links of all pages lead somewhere: to a file, and to a heading in it.

use super::root;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Folders of what is made, not written.
const MADE: [&str; 5] = ["target", "build", ".build", ".git", ".gradle"];

fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            if !MADE.iter().any(|made| path.ends_with(made)) {
                pages(&path, found);
            }
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
}

/// A page without its blocks of code.
fn prose(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let outside = text.split("```").step_by(2);
    outside.collect()
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> Vec<String> {
    let mut seen = BTreeMap::<String, usize>::new();
    let headings = page
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    headings
        .map(|heading| {
            let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            let anchor: String = kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect();
            let before = seen.entry(anchor.clone()).or_default();
            *before += 1;
            if *before == 1 { anchor } else { format!("{anchor}-{}", *before - 1) }
        })
        .collect()
}

fn targets(page: &str) -> impl Iterator<Item = &str> {
    let links = page.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let sources = page.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
    links.chain(sources).filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
}

#[test]
fn links_lead_somewhere() {
    let mut files = Vec::new();
    pages(&root(), &mut files);
    assert!(files.len() > 50, "{} pages", files.len());
    for file in files {
        let text = prose(&file);
        for target in targets(&text) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let there = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            assert!(there.exists(), "{} links to {target}, which is not there", file.display());
            if !anchor.is_empty() {
                let found = anchors(&prose(&there)).iter().any(|heading| heading == anchor);
                assert!(found, "{} links to {target}: that page has no such heading", file.display());
            }
        }
    }
}

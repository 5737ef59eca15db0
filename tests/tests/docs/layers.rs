//! The core's modules depend on each other as the first page of its documentation says: downwards only.

use super::{read, root};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The height of each module in the line `client → sync → {repository, backend} → …`.
fn layers(text: &str) -> BTreeMap<String, usize> {
    let line = text.lines().find(|line| line.contains(" → ")).unwrap();
    let line = line.trim_matches(|c: char| !c.is_alphanumeric() && c != '{' && c != '}');
    let layer = |layer: &str| layer.trim_matches(['{', '}']).split(", ").map(str::to_owned).collect::<Vec<_>>();
    let layers: Vec<_> = line.split(" → ").map(layer).collect();
    layers
        .into_iter()
        .rev()
        .enumerate()
        .flat_map(|(height, names)| names.into_iter().map(move |name| (name, height)))
        .collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.to_str().unwrap().ends_with("tests.rs") {
            found.push(path);
        }
    }
}

#[test]
fn modules_of_the_core_use_only_what_is_below_them() {
    let core = root().join("core/src");
    let layers = layers(&read("core/src/lib.rs"));
    assert_eq!(layers.len(), 14, "{layers:?}");
    let mut files = Vec::new();
    sources(&core, &mut files);
    for file in files {
        let place = file.strip_prefix(&core).unwrap();
        let first = place.components().next().unwrap().as_os_str().to_str().unwrap();
        let module = first.trim_end_matches(".rs");
        // Tests and what they stand on, the list of modules, and errors, which all have, are no layer.
        let Some(height) = layers.get(module) else {
            assert!(["lib", "error", "testing"].contains(&module), "{module} is not in the line of layers");
            continue;
        };
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let used = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                let below = layers.get(used).is_none_or(|other| used == module || other < height);
                assert!(below, "{} uses {used}: {line}", place.display());
            }
        }
    }
}

#[test]
fn the_page_on_architecture_has_the_same_layers() {
    let page = read("docs/architecture.md");
    let line = page.lines().find(|line| line.starts_with("`client → ")).unwrap();
    assert_eq!(layers(line), layers(&read("core/src/lib.rs")));
}

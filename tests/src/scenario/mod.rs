//! The scenarios that every language replays with the same result. `tests/scenarios/README.md` describes them.

mod expect;
mod runner;
mod step;

pub use runner::replay;
pub use step::Scenario;

use serde_json::Value;
use std::path::PathBuf;

/// The folder of the scenarios.
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))
}

/// All scenarios, by name.
pub fn all() -> Vec<Scenario> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut scenarios: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|e| e == "json")).map(|f| Scenario::read(&f)).collect();
    scenarios.sort_by(|a, b| a.name.cmp(&b.name));
    scenarios
}

/// Writes what the devices show in the end to where the languages are compared: `target/scenarios/rust`.
pub fn write_transcript(name: &str, transcript: &Value) {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/scenarios/rust"));
    std::fs::create_dir_all(&folder).unwrap();
    // serde_json's maps are sorted, and its text has no spaces.
    std::fs::write(folder.join(format!("{name}.json")), format!("{transcript}\n")).unwrap();
}

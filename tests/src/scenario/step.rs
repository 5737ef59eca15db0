//! Scenarios as they stand in their files.

use holm_core::{CollectionConfig, FieldRule, Strategy};
use serde_json::Value;
use std::path::Path;

/// One file.
pub struct Scenario {
    /// Its name, which is the file's too.
    pub name: String,
    /// The collections of every device.
    pub collections: Vec<CollectionConfig>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One step.
pub struct Step(pub Value);

impl Scenario {
    /// Reads a file.
    pub fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let name = json["name"].as_str().unwrap().to_owned();
        assert_eq!(
            Some(name.as_str()),
            file.file_stem().and_then(|stem| stem.to_str()),
            "a file is named as its scenario"
        );
        Self {
            name,
            collections: json["collections"].as_array().unwrap().iter().map(collection).collect(),
            steps: json["steps"].as_array().unwrap().iter().cloned().map(Step).collect(),
        }
    }
}

fn collection(json: &Value) -> CollectionConfig {
    let strategy = match json["conflict"].as_str().unwrap() {
        "serverWins" => Strategy::ServerWins,
        "localWins" => Strategy::LocalWins,
        "lastWriteWins" => Strategy::LastWriteWins,
        "merge" => Strategy::Merge,
        "prompt" => Strategy::Prompt,
        other => panic!("no strategy: {other}"),
    };
    let mut config = CollectionConfig::new(json["name"].as_str().unwrap()).conflict(strategy);
    for index in json["indexes"].as_array().unwrap() {
        let paths: Vec<_> = index.as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
        config = config.index(&paths).unwrap();
    }
    let members = |name: &str| json[name].as_object().cloned().unwrap_or_default();
    for (path, rule) in members("rules") {
        config = config.rule(path, FieldRule::parse(rule.as_str().unwrap()).unwrap());
    }
    for (path, collection) in members("references") {
        config = config.reference(path, collection.as_str().unwrap());
    }
    config
}

impl Step {
    /// What to do.
    pub fn action(&self) -> &str {
        self.text("do")
    }

    /// A member that must be a text.
    pub fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("{name:?} is no text in {}", self.0))
    }
}

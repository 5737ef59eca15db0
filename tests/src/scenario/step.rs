//! Scenarios as they stand in their files.

use holm_core::{CollectionConfig, Conflict, ConflictResolver, Consistency, FieldRule, Resolution, Strategy};
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::path::Path;
use std::sync::Arc;

/// One file.
pub struct Scenario {
    /// Its name, which is the file's too.
    pub name: String,
    /// Whether every device has one order for all writes.
    pub ordered: bool,
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
            ordered: json["ordered"] == true,
            collections: json["collections"].as_array().unwrap().iter().map(collection).collect(),
            steps: json["steps"].as_array().unwrap().iter().cloned().map(Step).collect(),
        }
    }
}

fn collection(json: &Value) -> CollectionConfig {
    let strategy = Strategy::parse(json["conflict"].as_str().unwrap()).unwrap();
    let mut config = CollectionConfig::new(json["name"].as_str().unwrap()).conflict(strategy);
    if strategy == Strategy::Custom {
        config = config.resolver(Arc::new(LongerTitle));
    }
    for index in json["indexes"].as_array().unwrap() {
        let paths: Vec<_> = index.as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
        config = config.index(&paths).unwrap();
    }
    for (path, rule) in texts(json, "rules") {
        config = config.rule(path, FieldRule::parse(rule).unwrap());
    }
    for (path, key) in texts(json, "listKeys") {
        config = config.list_key(path, key);
    }
    if json["consistency"] == "confirmed" {
        config = config.consistency(Consistency::confirmed());
    }
    for (path, collection) in texts(json, "references") {
        config = config.reference(path, collection);
    }
    config
}

/// Keeps the side whose title is longer; has no decision if neither is.
struct LongerTitle;

impl ConflictResolver for LongerTitle {
    fn resolve(&self, conflict: &Conflict) -> Result<Resolution, String> {
        let title = |side: &Option<String>| {
            let side: Value = side.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
            side["title"].as_str().map_or(0, str::len)
        };
        match title(&conflict.local).cmp(&title(&conflict.server)) {
            Ordering::Greater => Ok(Resolution::KeepLocal),
            Ordering::Less => Ok(Resolution::KeepServer),
            Ordering::Equal => Err("neither title is longer".to_owned()),
        }
    }
}

/// The members of an object of texts. None if it is absent.
fn texts<'a>(json: &'a Value, name: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let members = json[name].as_object().into_iter().flatten();
    members.map(|(path, text)| (path.as_str(), text.as_str().unwrap()))
}

impl Step {
    /// What to do.
    pub fn action(&self) -> &str {
        self.text("do")
    }

    /// The writes of a transaction: those that are listed, or `repeat` creates of the documents `0`, `1`, and so on.
    pub fn writes(&self) -> Vec<Value> {
        match self.0["repeat"].as_u64() {
            Some(count) => {
                (0..count).map(|id| json!({"do": "create", "id": id.to_string(), "doc": self.0["doc"]})).collect()
            }
            None => self.0["writes"].as_array().unwrap().clone(),
        }
    }

    /// A member that must be a text.
    pub fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("{name:?} is no text in {}", self.0))
    }
}

//! What a device does, and what its documents are afterwards.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Documents that every device counts in. They commute: no order of arrival changes the end.
pub const SHARED: [&str; 4] = ["shared-0", "shared-1", "shared-2", "shared-3"];

/// One command, or one write inside a batch.
#[derive(Debug, Clone)]
pub enum Deed {
    Create {
        id: String,
        title: String,
    },
    /// Adds one to a counter.
    Inc {
        id: String,
    },
    Title {
        id: String,
        title: String,
    },
    Replace {
        id: String,
        title: String,
    },
    Delete {
        id: String,
    },
    /// Adds one to a shared counter and leaves a mark there that no other command ever leaves.
    Count {
        id: &'static str,
        mark: String,
    },
    /// All or nothing.
    Batch(Vec<Deed>),
}

impl Deed {
    /// The command and its fields.
    pub fn command(&self) -> (&'static str, Value) {
        let update = |id: &str, fields: Value| json!({"collection": "tasks", "doc_id": id, "fields": fields});
        match self {
            Self::Create { id, title } => ("create", json!({"collection": "tasks", "doc_id": id, "doc": fresh(title)})),
            Self::Inc { id } => ("update", update(id, json!({"n": {"$inc": 1}}))),
            Self::Title { id, title } => ("update", update(id, json!({"title": title}))),
            Self::Replace { id, title } => {
                ("replace", json!({"collection": "tasks", "doc_id": id, "doc": fresh(title)}))
            }
            Self::Delete { id } => ("delete", json!({"collection": "tasks", "doc_id": id})),
            Self::Count { id, mark } => {
                ("update", update(id, json!({"n": {"$inc": 1}, "marks": {"$addToSet": [mark]}})))
            }
            Self::Batch(deeds) => {
                let ops = deeds.iter().map(|deed| {
                    let (command, mut fields) = deed.command();
                    fields["cmd"] = json!(command);
                    fields
                });
                ("batch", json!({"ops": ops.collect::<Vec<_>>()}))
            }
        }
    }
}

fn fresh(title: &str) -> Value {
    json!({"title": title, "n": 0})
}

/// What only this device changes: its own documents, and its marks in the shared ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Own {
    pub documents: BTreeMap<String, Value>,
    pub marks: BTreeSet<(String, String)>,
}

impl Own {
    /// What a device shows of it. Looks at everything else that it shows, too.
    pub fn shown(view: &Value, device: char) -> Self {
        let mut own = Self::default();
        for (id, document) in view.as_object().unwrap() {
            if SHARED.contains(&id.as_str()) {
                let marks: Vec<&str> =
                    document["marks"].as_array().unwrap().iter().map(|m| m.as_str().unwrap()).collect();
                assert_eq!(document["n"], marks.len(), "{id}: a count and its mark belong together: {document}");
                assert_eq!(marks.iter().collect::<BTreeSet<_>>().len(), marks.len(), "{id}: a mark is there twice");
                let mine = marks.into_iter().filter(|mark| mark.starts_with(device));
                own.marks.extend(mine.map(|mark| (id.clone(), mark.to_owned())));
            } else if id.starts_with(device) {
                own.documents.insert(id.clone(), document.clone());
            }
        }
        own
    }

    /// What it is after a command.
    pub fn apply(&mut self, deed: &Deed) {
        match deed {
            Deed::Create { id, title } | Deed::Replace { id, title } => {
                self.documents.insert(id.clone(), fresh(title));
            }
            Deed::Inc { id } => {
                let n = &mut self.documents.get_mut(id).unwrap()["n"];
                *n = json!(n.as_i64().unwrap() + 1);
            }
            Deed::Title { id, title } => self.documents.get_mut(id).unwrap()["title"] = json!(title),
            Deed::Delete { id } => {
                self.documents.remove(id).unwrap();
            }
            Deed::Count { id, mark } => {
                self.marks.insert(((*id).to_owned(), mark.clone()));
            }
            Deed::Batch(deeds) => deeds.iter().for_each(|deed| self.apply(deed)),
        }
    }
}

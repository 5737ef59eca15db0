//! One simulated device.

use super::time::SimClock;
use holm_core::{Collection, Document, Holm, OpId, SyncReport, SyncStatus};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A device with the collection `tasks`.
pub struct Device {
    /// `a`, `b`, …
    pub name: char,
    /// The client.
    pub holm: Holm,
    /// Its collection.
    pub tasks: Collection,
    /// Its clock.
    pub clock: SimClock,
    /// Whether it keeps a few documents only.
    pub bounded: bool,
}

impl Device {
    /// Makes a document.
    pub async fn create(&self, id: &str, mut document: Value) -> OpId {
        document["id"] = json!(id);
        self.tasks.create(&document).await.unwrap().op_id.unwrap()
    }

    /// Changes a document.
    pub async fn update(&self, id: &str, patch: Value) -> OpId {
        self.tasks.update(id, &patch).await.unwrap().op_id.unwrap()
    }

    /// Deletes a document.
    pub async fn delete(&self, id: &str) -> OpId {
        self.tasks.delete(id).await.unwrap().op_id.unwrap()
    }

    /// Syncs; it must work.
    pub async fn sync(&self) -> SyncReport {
        self.holm.sync().await.unwrap_or_else(|error| panic!("device {} cannot sync: {error}", self.name))
    }

    /// A document's content.
    pub fn doc(&self, id: &str) -> Option<Value> {
        self.document(id).map(|document| document.value().unwrap())
    }

    /// A document's status.
    pub fn status(&self, id: &str) -> Option<SyncStatus> {
        self.document(id).map(|document| document.status)
    }

    /// A document.
    pub fn document(&self, id: &str) -> Option<Document> {
        self.tasks.get(id).unwrap()
    }

    /// Everything that queries see: id to (content, version).
    pub fn view(&self) -> BTreeMap<String, (Value, Option<i64>)> {
        let dump = self.holm.dump().unwrap();
        let tasks = dump.into_iter().find(|dump| dump.name == "tasks").map(|dump| dump.documents).unwrap_or_default();
        tasks
            .into_iter()
            .map(|one| (one.document.id.clone(), (one.document.value().unwrap(), one.document.version)))
            .collect()
    }

    /// Count and digest over what the server is known to have.
    pub fn digest(&self) -> (i64, String) {
        let dump = self.holm.dump().unwrap();
        dump.into_iter()
            .find(|dump| dump.name == "tasks")
            .map(|dump| (dump.base_count, dump.digest))
            .unwrap_or_default()
    }

    /// How many operations are queued or on their way.
    pub fn pending(&self) -> u64 {
        self.holm.state().unwrap().pending
    }
}

//! What people do: make, change and delete documents, alone and in groups.

use super::History;
use super::model::Effect;
use holm_core::{Error, ErrorCode, Network, Receipt};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

impl History {
    /// The ids that a device shows.
    fn shown(&self, at: usize) -> Vec<String> {
        self.devices[at].device.view().into_keys().collect()
    }

    /// Notes what was acknowledged; what failed may have happened or not.
    fn acknowledged(&mut self, at: usize, id: &str, receipt: Result<Receipt, Error>, effects: Vec<Effect>) {
        if crate::fixture::shows_trace() {
            eprintln!("{id}: {receipt:?} for {effects:?}");
        }
        match receipt {
            Ok(Receipt { op_id: Some(op), .. }) => {
                effects.into_iter().for_each(|effect| self.model.note(at, id, op, effect, None));
            }
            Ok(_) => {}
            Err(error) => self.not_acknowledged(id, &error),
        }
    }

    fn not_acknowledged(&mut self, id: &str, error: &Error) {
        match error.code() {
            // It was deleted by a sync between looking and writing, or evicted, or made by another device.
            ErrorCode::NotFound | ErrorCode::Evicted | ErrorCode::AlreadyExists | ErrorCode::Suspended => {}
            // It would close a circle of references.
            ErrorCode::InvalidDocument if error.to_string().contains("waits for it") => {
                self.run.count("circles refused")
            }
            ErrorCode::StorageFull | ErrorCode::StorageUnavailable => {
                self.model.fuzzy.insert(id.to_owned());
                self.model.half.insert(id.to_owned());
            }
            _ => panic!("a write of {id} fails: {error}"),
        }
    }

    pub(super) async fn create(&mut self, at: usize, step: u64) {
        // Both kinds of ids that the store knows: texts and UUIDs.
        let id = match step % 2 {
            0 => format!("{}{step}", self.devices[at].device.name),
            _ => Uuid::from_u64_pair(at as u64, step).to_string(),
        };
        self.create_as(at, &id, step).await;
    }

    async fn create_as(&mut self, at: usize, id: &str, step: u64) {
        let n = self.random.below(5) as i64;
        let title = format!("made {step} by {}", self.devices[at].device.name);
        let document = json!({"title": title, "n": n, "tags": [], "o": {}});
        let receipt = self.devices[at].device.try_create(id, document).await;
        let effects = vec![Effect::Create { n }, Effect::Set { path: "title", value: title }];
        self.acknowledged(at, id, receipt, effects);
    }

    pub(super) async fn edit(&mut self, at: usize, step: u64) {
        let ids = self.shown(at);
        if ids.is_empty() {
            return;
        }
        let id = self.random.pick(&ids).clone();
        let value = format!("{} at {step}", self.devices[at].device.name);
        let set = |path| Effect::Set { path, value: value.clone() };
        let (patch, effects): (Value, Vec<Effect>) = match self.random.below(9) {
            0 => (json!({"n": {"$inc": 1}}), vec![Effect::Inc { by: 1 }]),
            1 => (json!({"tags": {"$addToSet": [value]}}), vec![Effect::Add { token: value.clone() }]),
            2 => (json!({"note": value}), vec![set("note")]),
            3 => (json!({"title": value, "n": {"$inc": 2}}), vec![set("title"), Effect::Inc { by: 2 }]),
            4 => (json!({"o": {"x": value}}), vec![set("o/x")]),
            5 => (json!({"o": {"y": value, "x": value}}), vec![set("o/x"), set("o/y")]),
            6 => (json!({"n": {"$inc": 3}, "note": value}), vec![Effect::Inc { by: 3 }, set("note")]),
            7 => {
                // It refers to another document, or to one that is made later or never.
                let parent = match self.random.below(3) {
                    0 => format!("{}{}", self.devices[at].device.name, step + self.random.below(10)),
                    _ => self.random.pick(&ids).clone(),
                };
                (json!({"parent": parent}), vec![Effect::Set { path: "parent", value: parent }])
            }
            _ => (json!({"title": value}), vec![set("title")]),
        };
        let receipt = self.devices[at].device.tasks.update(&id, &patch).await;
        self.acknowledged(at, &id, receipt, effects);
    }

    /// A write that the server refuses: parked, and later repaired or given up.
    pub(super) async fn edit_refused(&mut self, at: usize, step: u64) {
        let ids = self.shown(at);
        if ids.is_empty() {
            return;
        }
        let id = self.random.pick(&ids).clone();
        self.model.fuzzy.insert(id.clone());
        self.model.retitled.insert(id.clone());
        let title = format!("{step} {}", "much too long ".repeat(5));
        let receipt = self.devices[at].device.tasks.update(&id, &json!({"title": title})).await;
        if let Err(error) = receipt {
            self.not_acknowledged(&id, &error);
        }
    }

    pub(super) async fn delete(&mut self, at: usize, step: u64) {
        let ids = self.shown(at);
        if ids.is_empty() {
            return;
        }
        let id = self.random.pick(&ids).clone();
        let receipt = self.devices[at].device.tasks.delete(&id).await;
        let deleted = receipt.is_ok();
        self.acknowledged(at, &id, receipt, vec![Effect::Delete]);
        // Swiped away, and undone.
        if deleted && self.random.one_in(3) {
            self.run.count("undos");
            if self.random.one_in(2) {
                self.pause().await;
            }
            self.create_as(at, &id, step).await;
        }
    }

    /// Two documents change together, or a group is larger than the server takes.
    pub(super) async fn group(&mut self, at: usize, step: u64) {
        let ids = self.shown(at);
        let name = self.devices[at].device.name.clone();
        let (made, size) = (format!("{name}{step}-g"), *self.random.pick(&[1, 2, 5, 30]));
        let counted = (!ids.is_empty()).then(|| self.random.pick(&ids).clone());
        let (first, target) = (made.clone(), counted.clone());
        let written = self.devices[at]
            .device
            .holm
            .write(move |tx| {
                tx.group();
                let mut receipts = Vec::new();
                for part in 0..size {
                    receipts.push(
                        tx.create("tasks", &json!({"id": format!("{first}{part}"), "n": 1, "tags": [], "o": {}}))?,
                    );
                }
                if let Some(target) = target {
                    receipts.push(tx.update("tasks", &target, &json!({"n": {"$inc": 1}}))?);
                }
                Ok(receipts)
            })
            .await;
        match written {
            Ok(receipts) => {
                let group = Some(self.model.new_group());
                for receipt in receipts {
                    let counted = Some(&receipt.doc_id) == counted.as_ref();
                    let effect = if counted { Effect::Inc { by: 1 } } else { Effect::Create { n: 1 } };
                    if let Some(op) = receipt.op_id {
                        self.model.note(at, &receipt.doc_id, op, effect, group);
                    }
                }
            }
            Err(error) if error.code().as_str() == "GROUP_TOO_LARGE" => {
                assert!(size > 10, "{error}");
                self.run.count("groups over the limits");
            }
            Err(error) => {
                self.not_acknowledged(&made, &error);
                if let Some(counted) = counted {
                    self.not_acknowledged(&counted, &error);
                }
            }
        }
    }

    /// The app calls an action of the server, about a document or about none.
    pub(super) async fn call(&mut self, at: usize) {
        let ids = self.shown(at);
        let id = (!ids.is_empty() && self.random.one_in(2)).then(|| self.random.pick(&ids).clone());
        let holm = self.devices[at].device.holm.clone();
        let receipt = holm.action("note", id.as_ref().map(|_| "tasks"), id.as_deref(), &json!({})).await;
        match receipt {
            Ok(Receipt { op_id: Some(op), .. }) => {
                self.run.count("actions called");
                self.model.note(at, id.as_deref().unwrap_or("-"), op, Effect::Call, None);
            }
            Ok(_) => {}
            Err(error) => self.not_acknowledged(id.as_deref().unwrap_or("-"), &error),
        }
    }

    /// A person looks at a document, and the app asks the server for it.
    pub(super) async fn refresh(&mut self, at: usize) {
        let ids: Vec<String> = self.devices[0].device.view().into_keys().collect();
        if ids.is_empty() {
            return;
        }
        self.run.count("refreshes");
        let id = self.random.pick(&ids).clone();
        let policy = *self.random.pick(&[holm_core::CachePolicy::NetworkOnly, holm_core::CachePolicy::CacheFirst]);
        self.devices[at].device.start_fetch(&id, policy);
        self.pause().await;
    }

    /// Parked writes are repaired, tried again or given up.
    pub(super) async fn tidy(&mut self, at: usize, step: u64) {
        let parked = self.devices[at].device.holm.parked().unwrap();
        let Some(op) = parked.first() else { return };
        self.run.count("writes parked");
        self.model.fuzzy.insert(op.doc_id.clone());
        self.model.retitled.insert(op.doc_id.clone());
        let holm = self.devices[at].device.holm.clone();
        // What was parked may be settled by a sync meanwhile.
        if self.random.one_in(2) {
            let repaired = json!({"title": format!("ok {step}")});
            let _ = self.devices[at].device.tasks.update(&op.doc_id, &repaired).await;
            let _ = holm.retry(op.op_id).await;
        } else {
            self.model.discarding(op);
            let _ = holm.discard(op.op_id).await;
            self.model.shares.retain(|(_, id, _)| *id != op.doc_id);
        }
    }

    pub(super) async fn go_offline(&mut self, at: usize) {
        self.run.count("networks gone");
        self.devices[at].device.holm.connectivity().set(Network::Offline);
        self.wait(60_000).await;
        self.devices[at].device.holm.connectivity().set(Network::Unmetered);
    }

    /// Lets up to so many milliseconds pass.
    pub(super) async fn wait(&self, most_ms: u64) {
        self.world.pass(Duration::from_millis(self.random.below(most_ms))).await;
    }

    /// A short moment: something that is out may come back in it.
    pub(super) async fn pause(&self) {
        self.wait(3_000).await;
    }
}

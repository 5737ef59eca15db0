//! Replays a scenario with the public API against a real server process.

use super::expect::expect;
use super::step::{Scenario, Step};
use crate::real::ServerProcess;
use holm_core::{
    Config, Conflict, Error, Holm, JournalEntry, Network, PendingOperation, Receipt, Resolution, Result, SyncStatus,
    Transaction,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A scenario that is being replayed.
pub(super) struct Replay<'a> {
    pub scenario: &'a Scenario,
    server: &'a ServerProcess,
    directory: PathBuf,
    pub devices: BTreeMap<String, Holm>,
    /// The last action of each device.
    pub last_action: BTreeMap<String, Receipt>,
}

/// Does what the steps say; returns what the devices show in the end. Panics where an expectation is not met.
pub async fn replay(scenario: &Scenario) -> Value {
    let scratch = tempfile::tempdir().unwrap();
    let server = ServerProcess::configured(&scratch.path().join("server"), Some(&super::folder().join("server.toml")));
    let directory = scratch.path().to_owned();
    let mut replay =
        Replay { scenario, server: &server, directory, devices: BTreeMap::new(), last_action: BTreeMap::new() };
    for (number, step) in scenario.steps.iter().enumerate() {
        let told = format!("{}, step {number}: {}", scenario.name, step.0);
        match (replay.perform(step, &told).await, step.0.get("fails")) {
            (Ok(()), None) => {}
            (Err(error), Some(code)) => assert_eq!(error.code().as_str(), code, "{told}: {error}"),
            (Err(error), None) => panic!("{told}: {error}"),
            (Ok(()), Some(_)) => panic!("{told}: it must fail"),
        }
    }
    let mut transcript = Map::new();
    for (name, device) in replay.devices {
        transcript.insert(name, shown(&device));
        device.close().await;
    }
    transcript.into()
}

impl Replay<'_> {
    async fn perform(&mut self, step: &Step, told: &str) -> Result<()> {
        match step.action() {
            "wait_ms" => {
                tokio::time::sleep(Duration::from_millis(step.0["ms"].as_u64().unwrap())).await;
                return Ok(());
            }
            "expect_equal" => {
                expect(self, step, told)?;
                return Ok(());
            }
            _ => {}
        }
        let name = step.text("device");
        let device = self.device(name).await?;
        match step.action() {
            "sync" => match step.0["collection"].as_str() {
                Some(collection) => device.sync_collection(collection).await.map(drop)?,
                None => device.sync().await.map(drop)?,
            },
            "resync" => device.resync_collection(&self.collection(&step.0)).await.map(drop)?,
            "offline" => device.connectivity().set(Network::Offline),
            "online" => device.connectivity().set(Network::Unmetered),
            "restart" => {
                device.close().await;
                let risen = self.open(name)?;
                self.devices.insert(name.to_owned(), risen);
            }
            "decided" => {
                // Those for a person are told of; the others wait for the resolver.
                while clashes(&device)? > device.conflicts()?.len() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
            "resolve" => device.resolve_conflict(self.conflict(step)?.id, resolution(&step.0["choice"])).await?,
            "retry" => device.retry(self.parked(step)?.op_id).await?,
            "discard" => device.discard(self.parked(step)?.op_id).await?,
            "action" => {
                let (collection, id) = (step.0["collection"].as_str(), step.0["id"].as_str());
                let receipt = device.action(step.text("name"), collection, id, &step.0["params"]).await?;
                self.last_action.insert(name.to_owned(), receipt);
            }
            "restore" => device.restore(self.journalled(step)?.id).await.map(drop)?,
            "create" | "update" | "replace" | "delete" => {
                let (write, collection) = (step.0.clone(), self.collection(&step.0));
                device.write(move |tx| apply(tx, &collection, &write)).await?;
            }
            "write" => {
                let writes = step.writes();
                let writes: Vec<_> = writes.into_iter().map(|write| (self.collection(&write), write)).collect();
                let group = step.0["group"] == true;
                let all = move |tx: &mut Transaction<'_>| {
                    if group {
                        tx.group();
                    }
                    writes.iter().try_for_each(|(collection, write)| apply(tx, collection, write).map(drop))
                };
                device.write(all).await?;
            }
            "expect_result" => self.expect_result(&device, step, told).await?,
            _ => expect(self, step, told)?,
        }
        Ok(())
    }

    /// How the last action of a device ended.
    async fn expect_result(&self, device: &Holm, step: &Step, told: &str) -> Result<()> {
        let op = self.last_action.get(step.text("device")).and_then(|receipt| receipt.op_id);
        let op = op.unwrap_or_else(|| panic!("no action before {told}"));
        let outcome = device.confirmed(op).await?;
        let result = device.action_result(op)?.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
        assert_eq!(json!([outcome.as_str(), result]), json!([step.0["outcome"], step.0["value"]]), "{told}");
        Ok(())
    }

    /// The device of this name, made if it is new.
    async fn device(&mut self, name: &str) -> Result<Holm> {
        if let Some(device) = self.devices.get(name) {
            return Ok(device.clone());
        }
        let device = self.open(name)?;
        let email = format!("{}@example.com", self.scenario.name);
        if self.devices.is_empty() {
            device.sign_up(&email, "correct horse").await?;
        } else {
            device.sign_in(&email, "correct horse").await?;
        }
        self.devices.insert(name.to_owned(), device.clone());
        Ok(device)
    }

    fn open(&self, name: &str) -> Result<Holm> {
        let mut config = Config::new(self.directory.join(name)).server(&self.server.url);
        config.collections.clone_from(&self.scenario.collections);
        config.sync.automatic = false;
        config.sync.ordered = self.scenario.ordered;
        Holm::open(config)
    }

    /// The collection that a step, or a write inside one, speaks of.
    pub fn collection(&self, step: &Value) -> String {
        step["collection"].as_str().map_or_else(|| self.scenario.collections[0].name.clone(), str::to_owned)
    }

    /// The open conflict of the step's document.
    pub fn conflict(&self, step: &Step) -> Result<Conflict> {
        let (collection, id) = (self.collection(&step.0), step.text("id"));
        let conflicts = self.devices[step.text("device")].conflicts()?;
        let found = conflicts.into_iter().find(|conflict| conflict.collection == collection && conflict.doc_id == id);
        found.ok_or_else(|| Error::NotFound { what: "conflict", id: id.to_owned() })
    }

    /// The newest journal entry of the step's document.
    pub fn journalled(&self, step: &Step) -> Result<JournalEntry> {
        let (collection, id) = (self.collection(&step.0), step.text("id"));
        let entries = self.devices[step.text("device")].journal(1_000)?;
        let found = entries.into_iter().find(|entry| entry.collection == collection && entry.doc_id == id);
        found.ok_or_else(|| Error::NotFound { what: "journal entry", id: id.to_owned() })
    }

    /// The parked operation of the step's document.
    pub fn parked(&self, step: &Step) -> Result<PendingOperation> {
        let (collection, id) = (self.collection(&step.0), step.text("id"));
        let parked = self.devices[step.text("device")].parked()?;
        let found = parked.into_iter().find(|op| op.collection == collection && op.doc_id == id);
        found.ok_or_else(|| Error::NotFound { what: "operation", id: id.to_owned() })
    }
}

fn apply(tx: &Transaction<'_>, collection: &str, write: &Value) -> Result<Receipt> {
    let id = write["id"].as_str().unwrap();
    match write["do"].as_str().unwrap() {
        "create" => tx.create_with_id(collection, id, &write["doc"]),
        "update" => tx.update(collection, id, &write["patch"]),
        "replace" => match write["basedOn"].as_i64() {
            Some(version) => tx.replace_based_on(collection, id, &write["doc"], version),
            None => tx.replace(collection, id, &write["doc"]),
        },
        "delete" => tx.delete(collection, id),
        other => panic!("no such write: {other}"),
    }
}

fn resolution(choice: &Value) -> Resolution {
    match choice.as_str() {
        Some("keepLocal") => Resolution::KeepLocal,
        Some("keepServer") => Resolution::KeepServer,
        Some("merge") => Resolution::Merge,
        _ => Resolution::Document(choice["doc"].to_string()),
    }
}

/// Everything that a device shows, as the transcript has it.
fn shown(device: &Holm) -> Value {
    let collections = device.dump().unwrap().into_iter().map(|collection| {
        let documents = collection.documents.into_iter().map(|dump| {
            let document = dump.document;
            let status = document.status.as_str();
            json!({"id": document.id, "doc": document.value().unwrap(), "status": status, "version": document.version})
        });
        (collection.name, documents.collect())
    });
    Value::Object(collections.collect())
}

/// How many documents of a device are in a conflict.
fn clashes(device: &Holm) -> Result<usize> {
    let documents = device.dump()?.into_iter().flat_map(|dump| dump.documents);
    Ok(documents.filter(|one| one.document.status == SyncStatus::Conflict).count())
}

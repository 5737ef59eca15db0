//! What must hold when everything has calmed down.

use super::device::Device;
use super::workload::{Deed, Done, trace};
use super::world::World;
use holm_core::WriteOutcome;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What each device has shown so far: no device ever shows a document go back to an older state of the server.
#[derive(Default)]
pub(super) struct Seen(BTreeMap<(char, String), i64>);

impl Seen {
    pub fn look(&mut self, devices: &[Device]) {
        for device in devices {
            for (id, (_, version)) in device.view() {
                let Some(version) = version else { continue };
                let before = self.0.insert((device.name, id.clone()), version);
                assert!(
                    before.is_none_or(|before| before <= version),
                    "device {} saw {id} go back from {before:?} to {version}",
                    device.name
                );
            }
        }
    }
}

/// All devices show the same; one with limits at least nothing else.
pub(super) fn alike(devices: &[Device]) -> bool {
    let first = devices[0].view();
    devices[1..].iter().all(|device| {
        let view = device.view();
        if device.bounded { view.iter().all(|(id, shown)| first.get(id) == Some(shown)) } else { view == first }
    })
}

/// All devices and the server have the same.
pub(super) async fn converged(world: &World, devices: &[Device]) {
    let views = || devices.iter().map(|device| (device.name, device.view())).collect::<Vec<_>>();
    assert!(alike(devices), "the devices differ: {:#?}", views());
    let digests: BTreeSet<_> = devices.iter().map(Device::digest).collect();
    assert_eq!(digests.len(), 1, "digests differ: {digests:?}");
    let server = server_head(world, &devices[0]).await;
    assert_eq!(server, devices[0].digest(), "the server's head is not what the devices have");
}

/// Count and digest as the server tells them.
async fn server_head(world: &World, device: &Device) -> (i64, String) {
    // A device that has just been opened reads everything from the start.
    let (config, _) = world.config(0);
    let config = config.collection(holm_core::CollectionConfig::new(device.tasks.name()));
    let fresh = holm_core::Holm::open(config).unwrap();
    fresh.sign_in("sim@example.com", "password").await.unwrap();
    fresh.sync().await.unwrap();
    let dump = fresh.dump().unwrap().into_iter().find(|dump| dump.name == device.tasks.name());
    fresh.close().await;
    dump.map(|dump| (dump.base_count, dump.digest)).unwrap_or_default()
}

/// No acknowledged write is lost, none is doubled: each is in the result, or in the journal of its device, or undone by its own user.
pub(super) async fn every_write_is_accounted_for(devices: &[Device], done: &[Done]) {
    let view = devices[0].view();
    if trace() {
        eprintln!("{view:#?}");
        for device in devices {
            eprintln!("{}: {:#?}", device.name, device.holm.journal(100).unwrap());
        }
    }
    let deleted: BTreeSet<&str> =
        done.iter().filter(|d| matches!(d.deed, Deed::Delete)).map(|d| d.id.as_str()).collect();
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    let mut tokens: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for write in done {
        let device = &devices[write.device];
        let outcome = device.holm.confirmed(write.op).await.unwrap();
        assert_ne!(outcome, WriteOutcome::Parked, "nothing here is a reason to refuse: {write:?}");
        // After a delete anything may be gone; what an edit did against it is checked by stories.
        if deleted.contains(write.id.as_str()) {
            continue;
        }
        if trace() {
            eprintln!("{write:?} ended as {outcome:?}");
        }
        let counts = matches!(outcome, WriteOutcome::Accepted(_) | WriteOutcome::Withdrawn);
        match &write.deed {
            Deed::Create { n } => {
                assert!(view.contains_key(&write.id), "a created document is gone: {write:?} ended as {outcome:?}");
                *sums.entry(&write.id).or_default() += n;
            }
            Deed::Inc { by } if counts => *sums.entry(&write.id).or_default() += by,
            Deed::Add { token } if counts => {
                tokens.entry(&write.id).or_default().insert(token.clone());
            }
            Deed::Set { field, value } => {
                let there = view.get(&write.id).is_some_and(|(doc, _)| doc[field.as_str()] == json!(value));
                let rewritten = written_again(done, write, field);
                let journalled = devices.iter().any(|device| in_journal(device, &write.id, field, value));
                assert!(there || rewritten || journalled, "a value is nowhere: {write:?} ended as {outcome:?}");
                if outcome == WriteOutcome::Overridden {
                    assert!(
                        rewritten || in_journal(device, &write.id, field, value),
                        "overridden, but in no journal here: {write:?}"
                    );
                }
            }
            _ => {}
        }
    }
    for (id, (doc, _)) in &view {
        if deleted.contains(id.as_str()) {
            continue;
        }
        assert_eq!(doc["n"].as_i64(), sums.get(id.as_str()).copied(), "increments of {id} are lost or doubled");
        let there: Vec<String> =
            doc["tags"].as_array().into_iter().flatten().map(|tag| tag.as_str().unwrap().to_owned()).collect();
        let unique: BTreeSet<String> = there.iter().cloned().collect();
        assert_eq!(unique.len(), there.len(), "a member is there twice");
        let missing: Vec<_> =
            tokens.get(id.as_str()).into_iter().flatten().filter(|token| !unique.contains(*token)).collect();
        assert!(missing.is_empty(), "members of {id} are lost: {missing:?}");
        for field in ["title", "note"] {
            if let Some(value) = doc.get(field) {
                let known = done.iter().any(|w| {
                    w.id == *id
                        && matches!(&w.deed, Deed::Set { field: f, value: v } if f == field && json!(v) == *value)
                });
                assert!(known, "{id} has a {field} that no device wrote: {value}");
            }
        }
    }
}

/// A user has written the field after this, in the order in which the users acted: the older value was bound to be overwritten.
fn written_again(done: &[Done], write: &Done, field: &str) -> bool {
    let at = done.iter().position(|other| std::ptr::eq(other, write)).unwrap();
    done[at + 1..]
        .iter()
        .any(|other| other.id == write.id && matches!(&other.deed, Deed::Set { field: f, .. } if f == field))
}

fn in_journal(device: &Device, id: &str, field: &str, value: &str) -> bool {
    let lost = |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|lost| holds(&lost, field, value));
    device.holm.journal(10_000).unwrap().iter().any(|entry| entry.doc_id == id && lost(&entry.lost))
}

/// A journal entry shows fields, or an operation's changes.
fn holds(lost: &Value, field: &str, value: &str) -> bool {
    lost[field] == json!(value)
}

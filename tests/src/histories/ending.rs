//! What must hold when everything has calmed down.

use super::audit::holds;
use super::model::{Effect, Write};
use super::permission::SHARED;
use super::{History, Member};
use holm_core::{JournalEntry, Resolution, WriteOutcome};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Longest wait between two attempts, and what a request may take.
const BACKOFF: Duration = Duration::from_secs(35);
/// A device whose app does nothing looks for changes at the latest after so long; then it also asks again for a stream that was refused.
const POLL: Duration = Duration::from_secs(1_000);
/// As many requests in an hour are near to the bound.
const MANY: usize = 100;
/// For so long a device sends nothing but its looks for changes.
const SILENCE: Duration = Duration::from_secs(1_700);

impl History {
    pub(super) async fn end(&mut self) {
        self.devices.iter().for_each(|member| member.device.link.heal());
        self.give_back();
        self.calm_down().await;
        self.audit();
        self.every_device_shows_the_same().await;
        self.every_write_is_accounted_for();
        self.groups_are_whole();
        self.actions_are_called_once();
        self.shares_are_there();
        self.silence().await;
    }

    /// No person acts: what is queued goes by itself. Then each device reads what the others did, and people decide conflicts and parked writes.
    async fn calm_down(&mut self) {
        self.world.pass(POLL).await;
        // Without progress a device makes so many requests in an hour, and then waits for its end.
        if self.devices.iter().any(|member| member.device.link.in_the_last_hour() > MANY) {
            self.world.pass(Duration::from_secs(3_600)).await;
        }
        for round in 0..30 {
            for at in 0..self.devices.len() {
                self.decide(at).await;
            }
            self.world.pass(BACKOFF).await;
            for Member { device, ordered, .. } in &self.devices {
                let state = device.holm.state().unwrap();
                // What waits behind a decision goes after it, or with the next one. A collection that was refused is asked for again within the
                // hour, or when a person asks, and its writes go then.
                let queue = device.pending();
                let mut refusable = queue.iter().map(|op| op.collection == SHARED);
                // In one order all others wait behind them.
                let refused = round == 0 && if *ordered { refusable.any(|one| one) } else { refusable.all(|one| one) };
                assert!(
                    state.pending == 0 || state.conflicts + state.failed > 0 || refused,
                    "{} keeps writes although the network works: {state:?} {:#?}",
                    device.name,
                    queue
                );
                device.sync().await;
            }
            self.devices.iter_mut().for_each(|member| member.reading = false);
            let decided = self
                .devices
                .iter()
                .all(|member| member.device.conflicts().is_empty() && member.device.holm.parked().unwrap().is_empty());
            if decided && self.alike() {
                return;
            }
        }
        for Member { device, .. } in &self.devices {
            eprintln!("{}: {:#?}\n{:#?}", device.name, device.view(), device.view_of(SHARED));
        }
        panic!("the devices do not come to rest");
    }

    async fn decide(&mut self, at: usize) {
        let holm = self.devices[at].device.holm.clone();
        for conflict in holm.conflicts().unwrap() {
            self.run.count("conflicts decided");
            // Who keeps one side's number gives the other's increments up.
            if conflict.fields.iter().any(|field| field == "/n") {
                self.model.half.insert(conflict.doc_id.clone());
            }
            let choices = [Resolution::KeepLocal, Resolution::KeepServer, Resolution::Merge];
            let choice = self.random.pick(&choices).clone();
            holm.resolve_conflict(conflict.id, choice).await.unwrap();
            self.model.fuzzy.insert(conflict.doc_id);
        }
        while let Some(op) = holm.parked().unwrap().into_iter().next() {
            self.run.count("writes parked");
            self.model.discarding(&op);
            holm.discard(op.op_id).await.unwrap();
            self.model.shares.retain(|(_, id, _)| *id != op.doc_id);
            self.model.fuzzy.insert(op.doc_id);
        }
    }

    fn alike(&self) -> bool {
        let (first, shares) = (self.devices[0].device.view(), self.devices[0].device.view_of(SHARED));
        self.devices[1..].iter().all(|member| {
            let view = member.device.view();
            if member.device.view_of(SHARED) != shares {
                return false;
            }
            if member.bounded { view.iter().all(|(id, shown)| first.get(id) == Some(shown)) } else { view == first }
        })
    }

    /// A device that reads everything from the start has what the others have.
    async fn every_device_shows_the_same(&mut self) {
        let fresh = self.world.open("fresh").await;
        fresh.sync().await;
        assert_eq!(fresh.view(), self.devices[0].device.view(), "the server has something else than the devices");
        for Member { device, .. } in &self.devices {
            assert_eq!(device.digest(), fresh.digest(), "{} believes in something else than the server", device.name);
        }
        let foreign: Vec<String> = fresh.view().into_keys().filter(|id| id.starts_with("private")).collect();
        assert!(foreign.is_empty(), "documents of another account: {foreign:?}");
        fresh.holm.close().await;
    }

    fn every_write_is_accounted_for(&self) {
        let (view, deleted) = (self.devices[0].device.view(), self.model.deleted());
        for (at, write) in self.model.writes.iter().enumerate() {
            if deleted.contains(write.id.as_str()) || write.uncertain {
                continue;
            }
            let outcome = write.outcome.unwrap_or_else(|| panic!("{write:?} has no outcome"));
            let document = view.get(&write.id);
            match &write.effect {
                Effect::Create { .. } if write.counts() => {
                    assert!(document.is_some(), "a created document is gone: {write:?}");
                }
                Effect::Set { path, .. } => {
                    let there = document.is_some_and(|document| holds(document, &write.effect));
                    let repaired = *path == "title" && self.model.retitled.contains(&write.id);
                    // A write that failed half-way may have set it, too.
                    let again = repaired
                        || self.model.written_again(at, path)
                        || self.model.written_alike(at)
                        || self.model.half.contains(&write.id);
                    let given_up = matches!(outcome, WriteOutcome::Discarded | WriteOutcome::Parked);
                    assert!(there || again || given_up || self.journalled(write), "a value is nowhere: {write:?}");
                }
                _ => {}
            }
        }
        let sums = self.model.sums();
        for (id, document) in view.iter().filter(|(id, _)| !deleted.contains(id.as_str())) {
            if self.model.half.contains(id) {
                continue;
            }
            let sum = document["n"].as_i64().unwrap_or_default();
            let (least, most) = sums.get(id.as_str()).copied().unwrap_or_default();
            assert!(sum >= least && sum <= most, "increments of {id}: {sum}, expected {least} to {most}");
            self.tokens_are_there_once(id, document);
        }
    }

    fn tokens_are_there_once(&self, id: &str, document: &Value) {
        let there: Vec<&str> = document["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let unique: BTreeSet<&str> = there.iter().copied().collect();
        assert_eq!(unique.len(), there.len(), "a member of {id} is there twice");
        for write in self.model.writes.iter().filter(|write| write.id == id && write.counts()) {
            if let Effect::Add { token } = &write.effect {
                assert!(unique.contains(token.as_str()), "a member of {id} is lost: {write:?}");
            }
        }
    }

    fn journalled(&self, write: &Write) -> bool {
        let lost = |entry: &JournalEntry| {
            let mentioned = |lost: Value| mentions(&lost, &write.effect);
            entry.doc_id == write.id && serde_json::from_str(&entry.lost).is_ok_and(mentioned)
        };
        let kept = self.devices.iter().flat_map(|member| member.device.journal());
        self.model.old_journal.iter().any(lost) || kept.into_iter().any(|entry| lost(&entry))
    }

    /// What was made before, during and after the loss of a permission is on every device.
    fn shares_are_there(&self) {
        for Member { device, .. } in &self.devices {
            let shown = device.view_of(SHARED);
            for (maker, id, _) in &self.model.shares {
                assert!(shown.contains_key(id), "{} lacks {id} of device {maker}", device.name);
            }
        }
    }

    /// The members of a group share one fate.
    fn groups_are_whole(&self) {
        let deleted = self.model.deleted();
        let mut fates = BTreeMap::<u64, BTreeSet<bool>>::new();
        for write in self.model.writes.iter().filter(|write| !write.uncertain && !deleted.contains(write.id.as_str())) {
            if let (Some(group), Some(_)) = (write.group, write.outcome) {
                fates.entry(group).or_default().insert(write.counts());
            }
        }
        for (group, fate) in fates {
            let members: Vec<_> = self.model.writes.iter().filter(|write| write.group == Some(group)).collect();
            assert_eq!(fate.len(), 1, "a part of a group was accepted: {members:#?}");
        }
    }

    /// An action that has ended was called, and none was called twice.
    fn actions_are_called_once(&self) {
        let calls = self.world.calls.lock().unwrap();
        for write in self.model.writes.iter().filter(|write| write.effect == Effect::Call && !write.uncertain) {
            // A call that was refused and tried again has a number behind its operation's id.
            let op = write.op.to_string();
            let times = calls.iter().filter(|call| call.op_id.split(':').next() == Some(op.as_str())).count();
            assert!(times <= 1, "an action was called {times} times: {write:?}");
            assert!(times == 1 || !write.counts(), "an action was not called: {write:?}");
        }
    }

    /// No device sends anything any more, and nothing changes.
    async fn silence(&self) {
        let before: Vec<_> =
            self.devices.iter().map(|member| (member.device.view(), member.device.link.count(""))).collect();
        self.world.pass(SILENCE).await;
        for (member, (view, requests)) in self.devices.iter().zip(before) {
            let (device, sent) = (&member.device, member.device.link.count("") - requests);
            assert_eq!(device.view(), view, "{} changes in silence", device.name);
            assert!(sent <= 6, "{} sends {sent} requests in silence", device.name);
        }
    }
}

/// Whether a journal entry holds a write's value: as a field, as a path, or inside of an object.
fn mentions(lost: &Value, effect: &Effect) -> bool {
    let Effect::Set { path, value } = effect else { return false };
    holds(lost, effect)
        || lost.get(format!("/{path}")).is_some_and(|there| there == value)
        || lost.get(*path).is_some_and(|there| there == value)
}

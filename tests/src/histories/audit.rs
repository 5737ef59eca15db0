//! What must hold after each step.

use super::History;
use super::model::Effect;
use crate::fixture::shows_trace;
use futures_util::FutureExt;
use holm_core::{DocumentDump, OpId, SyncStatus};
use serde_json::Value;
use std::collections::BTreeSet;

impl History {
    /// Audits the devices that have written something to their files since they were audited: all that is looked at lies there.
    pub(super) fn audit(&mut self) {
        for at in 0..self.devices.len() {
            let Member { device, audited, .. } = &mut self.devices[at];
            let now = (device.lives, device.holm.stats().commits);
            if audited.replace(now) == Some(now) {
                continue;
            }
            self.no_place_is_ahead(at);
            self.no_write_vanishes(at);
            self.own_writes_show(at);
            let dump = self.devices[at].device.holm.dump().unwrap().into_iter().find(|dump| dump.name == "tasks");
            let shown = dump.map(|dump| dump.documents).unwrap_or_default();
            self.no_view_goes_back(at, &shown);
            self.no_effect_shows_twice(at, &shown);
        }
    }

    /// An acknowledged operation is pending, or it has an outcome.
    fn no_write_vanishes(&mut self, at: usize) {
        let device = &self.devices[at].device;
        let pending: BTreeSet<OpId> = device.pending().iter().map(|op| op.op_id).collect();
        let mut given_up = Vec::new();
        for write in self.model.writes.iter_mut().filter(|write| write.device == at && !write.uncertain) {
            if write.outcome.is_some() || pending.contains(&write.op) {
                continue;
            }
            let told = device.holm.confirmed(write.op).now_or_never();
            // It has been joined to another one, and waits with that.
            if told.is_none() {
                continue;
            }
            let Some(Ok(outcome)) = told else { panic!("{}: {write:?} has vanished: {told:?}", device.name) };
            if shows_trace() {
                eprintln!("{}: {write:?} ended as {outcome:?}", device.name);
            }
            write.outcome = Some(outcome);
            // A group is given up as a whole, also for the sake of another document.
            if write.group.is_some() && !write.accepted() {
                given_up.push(write.id.clone());
            }
        }
        self.model.fuzzy.extend(given_up);
    }

    /// A device shows what it wrote.
    fn own_writes_show(&self, at: usize) {
        let Member { device, bounded, reading, .. } = &self.devices[at];
        if *reading {
            return;
        }
        let ids: BTreeSet<&str> =
            self.model.writes.iter().filter(|write| write.device == at).map(|write| write.id.as_str()).collect();
        for id in ids {
            if self.model.only_writer(id) != Some(at) {
                continue;
            }
            let expected = self.model.content(id);
            let document = device.document(id);
            let shown = document.as_ref().map(|document| document.value().unwrap());
            if *bounded && shown.is_none() {
                continue;
            }
            let open = document.is_some_and(|d| matches!(d.status, SyncStatus::Failed | SyncStatus::Conflict));
            assert!(
                open || same(shown.as_ref(), expected.as_ref()),
                "{} shows {shown:?} of {id}, which it alone wrote: {expected:?}; pending: {:#?}",
                device.name,
                device.pending().iter().filter(|op| op.doc_id == id).collect::<Vec<_>>()
            );
        }
    }

    /// A view has no more increments than were ever made, and no member of a set twice. A restored store cannot know that its former life has sent what
    /// waits in it, if others have changed the record since: it sends that, and is told (history 153377).
    fn no_effect_shows_twice(&self, at: usize, shown: &[DocumentDump]) {
        let (most, name) = (self.model.most(), &self.devices[at].device.name);
        let shared = &self.model.shared;
        let pending = if shared.is_empty() { Vec::new() } else { self.devices[at].device.pending() };
        let unknown = |id: &str| pending.iter().any(|op| op.doc_id == id && shared.contains(&op.op_id));
        for document in shown.iter().map(|one| &one.document).filter(|one| !self.model.half.contains(&one.id)) {
            if unknown(&document.id) {
                continue;
            }
            let (id, content) = (&document.id, document.value().unwrap());
            let (n, most) = (content["n"].as_i64().unwrap_or_default(), most.get(id.as_str()).copied());
            assert!(n <= most.unwrap_or_default(), "{name} shows {n} of {id}, and {most:?} were made");
            let tags: Vec<&str> = content["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let unique: BTreeSet<&str> = tags.iter().copied().collect();
            assert_eq!(unique.len(), tags.len(), "{name} shows a member of {id} twice");
        }
    }

    /// Versions do not go back.
    fn no_view_goes_back(&mut self, at: usize, shown: &[DocumentDump]) {
        let member = &mut self.devices[at];
        for one in shown {
            let Some(version) = one.document.version else { continue };
            let before = member.seen.insert(one.document.id.clone(), version);
            let fine = before.is_none_or(|before| before <= version || member.may_go_back.remove(&one.document.id));
            assert!(fine, "{} saw {} go back from {before:?} to {version}", member.device.name, one.document.id);
        }
    }
}

use super::Member;

/// Equal, whatever the order of the members of `tags`, and whether empty parts are there.
fn same(shown: Option<&Value>, expected: Option<&Value>) -> bool {
    let plain = |value: Option<&Value>| {
        value.map(|value| {
            let mut value = value.clone();
            if let Some(tags) = value["tags"].as_array_mut() {
                tags.sort_by_key(Value::to_string);
            }
            value
        })
    };
    plain(shown) == plain(expected)
}

/// Whether a write's field is in this document.
pub(super) fn holds(document: &Value, effect: &Effect) -> bool {
    let Effect::Set { path, value } = effect else { return false };
    document.pointer(&format!("/{path}")).is_some_and(|there| there == value)
}

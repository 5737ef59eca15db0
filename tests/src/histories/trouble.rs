//! What befalls devices and the server: deaths, full disks, restored backups, changes of account.

use super::History;
use super::model::Write;
use crate::fixture::DiskFault;
use holm_core::{OpId, SignOutMode, WriteOutcome};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Backups that may be restored later.
#[derive(Default)]
pub(crate) struct Backups {
    /// Of a device: its number, the files, how many writes there were, and which of them were settled.
    device: Option<(usize, PathBuf, Vec<Option<WriteOutcome>>)>,
    server: Option<PathBuf>,
}

impl History {
    /// The process dies, at any moment of what it was writing.
    pub(super) async fn crash(&mut self, at: usize, step: u64) {
        if let Some(disk) = self.devices[at].device.disk.clone() {
            disk.die_after(self.random.below(30) as u32);
            self.edit(at, step).await;
            drop(self.devices[at].device.start_sync());
            self.pause().await;
        }
        self.run.count("deaths");
        self.count_link(at);
        let taken_away = self.taken_away;
        let member = &mut self.devices[at];
        member.device.crash(&mut self.world);
        member.device.link.set_chaos(Some(member.chaos.clone()));
        member.device.link.forbid(taken_away.then_some(super::permission::SHARED));
    }

    /// The app is closed and started again; the date may have been set meanwhile.
    pub(super) async fn restart(&mut self, at: usize) {
        let by = *self.random.pick(&[0, 600_000, -600_000, 31_536_000_000]);
        if by != 0 {
            self.run.count("dates set between runs");
        }
        let device = &mut self.devices[at].device;
        device.set_date_while_closed(device.clock.offset_ms() + by).await;
    }

    pub(super) async fn fail_disk(&mut self, at: usize, step: u64) {
        let Some(disk) = self.devices[at].device.disk.clone() else { return };
        let fault = *self.random.pick(&[DiskFault::Full, DiskFault::Io]);
        let met = disk.faults();
        disk.fail_after(self.random.below(10) as u32, 1 + self.random.below(4) as u32, fault);
        self.create(at, step).await;
        drop(self.devices[at].device.start_sync());
        self.pause().await;
        disk.heal();
        if disk.faults() > met {
            self.run.count(if fault == DiskFault::Full { "disk full" } else { "disk faults met" });
        }
    }

    pub(super) async fn back_up_or_restore(&mut self, at: usize) {
        if !self.random.one_in(3) {
            return;
        }
        let Some((at, files, settled)) = self.backups.device.take() else {
            let files = self.devices[at].device.backup(&mut self.world, "backup");
            let settled = self.model.writes.iter().map(|write| write.outcome).collect();
            self.backups.device = Some((at, files, settled));
            return;
        };
        self.run.count("devices restored");
        // What it remembers of values that lost since the backup goes.
        self.model.old_journal.extend(self.devices[at].device.journal());
        self.devices[at].device.restore(&files).await;
        self.devices[at].seen.clear();
        self.model.shares.retain(|(device, ..)| *device != at);
        let shared: BTreeSet<OpId> = self.devices[at].device.pending().iter().map(|op| op.op_id).collect();
        for (number, write) in self.model.writes.iter_mut().enumerate().filter(|(_, write)| write.device == at) {
            match settled.get(number) {
                Some(outcome) => write.outcome = *outcome,
                None => write.uncertain = true,
            }
            // The same operation may have been sent with more joined to it.
            if shared.contains(&write.op) {
                write.uncertain = true;
            }
        }
        let doubted = |write: &Write| write.uncertain;
        let ids: Vec<String> = self.model.writes.iter().filter(|w| doubted(w)).map(|w| w.id.clone()).collect();
        self.model.fuzzy.extend(ids);
        self.model.shared.extend(shared);
    }

    pub(super) async fn sign_out_and_in(&mut self, at: usize) {
        self.run.count("sign-outs");
        let device = &self.devices[at].device;
        // Whatever is under way meets it.
        drop(device.start_sync());
        self.pause().await;
        let device = &self.devices[at].device;
        device.holm.sign_out(SignOutMode::Keep).await.unwrap();
        self.pause().await;
        self.sign_in(at, "first").await;
    }

    pub(super) async fn change_account(&mut self, at: usize, step: u64) {
        if !self.random.one_in(3) {
            return;
        }
        self.run.count("accounts changed");
        drop(self.devices[at].device.start_sync());
        self.pause().await;
        self.wipe(at).await;
        self.sign_in(at, "second").await;
        let device = &self.devices[at].device;
        let foreign: Vec<String> = device.view().into_keys().filter(|id| !id.starts_with("private")).collect();
        assert!(foreign.is_empty(), "{} shows another account's documents: {foreign:?}", device.name);
        device.try_create(&format!("private{step}"), serde_json::json!({})).await.unwrap();
        drop(device.start_sync());
        self.pause().await;
        self.wipe(at).await;
        self.sign_in(at, "first").await;
    }

    async fn wipe(&mut self, at: usize) {
        let pending: BTreeSet<OpId> = self.devices[at].device.pending().iter().map(|op| op.op_id).collect();
        // With the documents goes what the device remembers of values that lost.
        self.model.old_journal.extend(self.devices[at].device.journal());
        self.devices[at].device.holm.sign_out(SignOutMode::WipeDiscardingPending).await.unwrap();
        self.model.doubt(|write| write.device == at && (pending.contains(&write.op) || write.outcome.is_none()));
        self.model.shares.retain(|(device, _, op)| *device != at || op.is_some_and(|op| !pending.contains(&op)));
        let device = &self.devices[at].device;
        assert!(device.view().is_empty(), "{} shows documents after a wipe", device.name);
        self.devices[at].reading = true;
        self.devices[at].seen.clear();
        if self.backups.device.as_ref().is_some_and(|(of, ..)| *of == at) {
            self.backups.device = None;
        }
    }

    async fn sign_in(&mut self, at: usize, account: &str) {
        let member = &self.devices[at];
        member.device.link.set_chaos(None);
        member.device.sign_in(account).await;
        member.device.link.set_chaos(Some(member.chaos.clone()));
    }

    pub(super) async fn back_up_or_restore_server(&mut self) {
        if !self.random.one_in(4) {
            return;
        }
        let Some(backup) = self.backups.server.take() else {
            self.backups.server = Some(self.world.back_up_server());
            return;
        };
        self.run.count("servers restored");
        self.world.restore_server(&backup);
        self.model.shares.clear();
        self.model.writes.iter_mut().filter(|write| write.outcome.is_none()).for_each(|write| write.twice = true);
        self.model.doubt(|_| true);
        self.versions_begin_anew();
        // Sessions that began after the backup are gone.
        for at in 0..self.devices.len() {
            self.sign_in(at, "first").await;
        }
    }

    /// Documents that devices show may get versions that the server has given before.
    fn versions_begin_anew(&mut self) {
        // Also those of which a reply is on its way.
        let ids: BTreeSet<&String> = self.model.writes.iter().map(|write| &write.id).collect();
        for member in &mut self.devices {
            member.may_go_back.extend(ids.iter().copied().cloned());
        }
    }

    /// So much time passes that the server forgets deletes.
    pub(super) async fn pass_the_horizon(&mut self) {
        if !self.random.one_in(8) {
            return;
        }
        self.run.count("horizons passed");
        let kept = self.devices.iter().flat_map(|member| member.device.journal());
        self.model.old_journal.extend(kept);
        let days = 100 * 86_400_000;
        let skew = self.world.server_skew_ms() + days;
        self.world.set_server_skew_ms(skew);
        self.devices.iter().for_each(|member| member.device.clock.jump_ms(days));
        self.world.maintain_server().await;
        // What a device has not sent for so long may be refused, and its session is over.
        self.model.doubt(|write| write.outcome.is_none());
        self.model.shares.clear();
        // An edit that outlives a delete makes the document again, at the first version if the delete is forgotten.
        self.versions_begin_anew();
        for at in 0..self.devices.len() {
            self.sign_in(at, "first").await;
        }
    }
}

//! A permission that is taken away and given back: for a time the account may not read one of its collections.

use super::History;
use serde_json::json;

/// The collection. Each of its documents is made once and never changed.
pub(super) const SHARED: &str = "shared";

impl History {
    /// The permission changes, or a document is made that it concerns.
    pub(super) async fn share(&mut self, at: usize, step: u64) {
        if self.random.one_in(2) {
            let id = format!("{SHARED}-{}{step}", self.devices[at].device.name);
            let shared = self.devices[at].device.holm.collection(SHARED).unwrap();
            if let Ok(receipt) = shared.create(&json!({"id": id})).await {
                self.model.shares.push((at, id, receipt.op_id));
            }
        } else if self.taken_away {
            self.give_back();
        } else {
            self.taken_away = true;
            self.run.count("permissions taken away");
            self.devices.iter().for_each(|member| member.device.link.forbid(Some(SHARED)));
        }
    }

    pub(super) fn give_back(&mut self) {
        if self.taken_away {
            self.taken_away = false;
            self.run.count("permissions given back");
            self.devices.iter().for_each(|member| member.device.link.forbid(None));
        }
    }
}

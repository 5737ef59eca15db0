//! Taking in the server's answers to a batch.

use crate::backend::Outgoing;
use crate::error::Result;
use crate::model::Outcome;
use crate::sync::apply::{Answered, Reconciler};
use crate::sync::deps::EngineDeps;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the answers of batches came to.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::sync) struct Settlement {
    pub accepted: u64,
    pub parked: u64,
    pub conflicts: u64,
    /// Something became of some operation, now or while the request was out.
    pub moved: bool,
}

impl Settlement {
    pub fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.parked += other.parked;
        self.conflicts += other.conflicts;
        self.moved |= other.moved;
    }

    fn count(&mut self, answered: Answered) {
        match answered {
            Answered::Accepted => self.accepted += 1,
            Answered::Parked => self.parked += 1,
            Answered::Conflicted | Answered::Withdrawn | Answered::Waits | Answered::Ended | Answered::Unchanged => {}
        }
        self.moved |= !matches!(answered, Answered::Waits | Answered::Unchanged);
    }
}

/// Settles the operations of a batch, in one transaction. First those that the server has: a refusal of another member of a group must not
/// take them along.
pub(in crate::sync) async fn settle_batch(
    deps: &EngineDeps,
    sent: Arc<Vec<Outgoing>>,
    outcomes: Vec<Outcome>,
) -> Result<Settlement> {
    let (device, registry, retry) = (deps.device.clone(), deps.registry.clone(), deps.config.retry);
    deps.store
        .write(move |tx| {
            let mut parts: BTreeMap<(bool, i64), Vec<(&Outgoing, &Outcome)>> = BTreeMap::new();
            for (outgoing, outcome) in sent.iter().zip(&outcomes) {
                let refused = !matches!(outcome, Outcome::Applied { .. });
                parts.entry((refused, outgoing.op.collection)).or_default().push((outgoing, outcome));
            }
            let mut settled = Settlement::default();
            for ((_, collection), answers) in parts {
                let rules = registry.rules(collection);
                let mut reconciler = Reconciler::open(tx, &device, collection, &rules)?;
                let (accepted, left) = reconciler.accept_sent(answers)?;
                settled.accepted += accepted;
                settled.moved |= accepted > 0;
                for (outgoing, outcome) in left {
                    settled.count(reconciler.answer(outgoing.op.op_seq, outgoing.op.document, outcome, &retry)?);
                }
                let (_, applied) = reconciler.close()?;
                settled.conflicts += applied.conflicts;
            }
            Ok(settled)
        })
        .await
}

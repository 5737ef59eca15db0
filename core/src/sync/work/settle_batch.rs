//! Taking in the server's answers to a batch.

use crate::backend::Outgoing;
use crate::device::Device;
use crate::error::Result;
use crate::model::{Fields, Outcome, between};
use crate::outbox::{self, parse_body};
use crate::repository::Registry;
use crate::store::Tx;
use crate::sync::apply::{Answered, Reconciler};
use crate::sync::deps::EngineDeps;
use crate::sync::reference_ids::ReferenceIds;
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
                let info = registry.by_id(collection);
                let mut reconciler = Reconciler::open(tx, &device, &info)?;
                let (accepted, left) = reconciler.accept_sent(answers)?;
                settled.accepted += accepted;
                settled.moved |= accepted > 0;
                for (outgoing, outcome) in left {
                    settled.count(reconciler.answer(outgoing.op.op_seq, outgoing.op.document, outcome, &retry)?);
                }
                let (_, applied) = reconciler.close()?;
                settled.conflicts += applied.conflicts;
            }
            mend_references(tx, &device, &registry, sent.iter().zip(&outcomes))?;
            Ok(settled)
        })
        .await
}

/// A group may make a document together with one that refers to it. Where the server gives records ids of its own, the reference went with the
/// local one, because the other was not known: from here on it is, and the reference is sent once more.
fn mend_references<'o>(
    tx: &Tx<'_>,
    device: &Device,
    registry: &Registry,
    answers: impl Iterator<Item = (&'o Outgoing, &'o Outcome)>,
) -> Result<()> {
    for (outgoing, _) in
        answers.filter(|(outgoing, outcome)| outgoing.op.group.is_some() && matches!(outcome, Outcome::Applied { .. }))
    {
        let info = registry.by_id(outgoing.op.collection);
        let ids = ReferenceIds::of(tx, &info)?;
        let whole;
        let changes = match (&outgoing.op.changes, &outgoing.body) {
            (Some(changes), _) => changes,
            (None, Some(body)) => {
                whole = between(&Fields::new(), &parse_body(body)?, outgoing.op.stamp);
                &whole
            }
            (None, None) => continue,
        };
        let differing = ids.differing(tx, changes)?;
        if !differing.is_empty() {
            outbox::send_again(tx, device, (outgoing.op.collection, &outgoing.op.doc_id), &differing)?;
        }
    }
    Ok(())
}

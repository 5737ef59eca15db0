//! Pushing: many operations of one device.
//!
//! Invariants:
//! - Operations take effect in the order of the request; one on a record whose earlier operation failed is not tried.
//! - The effect of an operation and its ledger entry commit together, so a repeat finds both or neither.
//! - A group leaves all of its effects or none, and nothing else of the transaction goes with it. A member that has its effect from an
//!   earlier request keeps it and is answered so, whatever becomes of the others.
//! - The reply is bounded before it is made: results carry records while there is room. A record that has none comes with `deltaUpdates` or the
//!   next pull, and an operation whose refusal must show one is put off.
//! - What is refused has no effect and leaves nothing in the ledger.
//! - What has no effect because it was so before is in the ledger all the same: its repeat must have none, either.

mod ahead;
mod operation;
mod run;

pub(crate) use ahead::{Decisions, decide_ahead, is_worth_it};

use super::delta::{self, Position, Written};
use super::plan::Unit;
use super::scope::Scope;
use crate::entropy::Entropy;
use crate::error::Failure;
use crate::model::{CollectionName, DeviceId, Hlc, Operation, RecordId, Unreadable};
use crate::store::ledger::Made;
use crate::store::{WriteTx, devices};
use run::Run;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A push, as all transactions of it see it.
pub(crate) struct Push {
    pub(crate) scope: Scope,
    pub(crate) device: DeviceId,
    /// The position of the device. An expired one refuses the push before anything is applied.
    pub(crate) position: Position,
    /// The device knows the results of all operations up to this place in its order. `None` if it does not say.
    pub(crate) ack_op_seq: Option<i64>,
    /// The operations, or what is wrong with them.
    pub(crate) operations: Vec<Result<Operation, Unreadable>>,
    /// All or none.
    pub(crate) atomic: bool,
    /// Nothing is tried after an operation that failed.
    pub(crate) ordered: bool,
    /// An operation is based on the version that an earlier one makes: `"$prev"`.
    pub(crate) uses_previous: bool,
    /// Whether every result carries the record.
    pub(crate) restate: bool,
    /// Whether the device reads compact forms.
    pub(crate) compact: bool,
    pub(crate) now: i64,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Push {
    /// The stamp of an operation, and the latest that an edit of it may have, in milliseconds since 1970.
    fn stamp(&self, operation: &Operation) -> (String, i64) {
        let latest_ms = self.now.saturating_add(self.scope.config.sync.max_clock_ahead_ms());
        let hlc = match &operation.hlc {
            Some(hlc) => hlc.clone().clamped(latest_ms),
            None => Hlc::of_server(self.now, self.device.clone()),
        };
        (hlc.to_string(), latest_ms)
    }
}

/// The result of an operation.
#[derive(Debug)]
pub(crate) enum OpResult {
    /// It has its effect, now or since before.
    Done(Done),
    /// It has none.
    Failed(Failure),
}

/// An operation that has its effect.
#[derive(Debug)]
pub(crate) struct Done {
    /// Whether it had it before.
    pub(crate) duplicate: bool,
    pub(crate) record_id: String,
    /// `None` for a delete of what was never there.
    pub(crate) made: Option<Made>,
    /// The record, where the device cannot know it.
    pub(crate) record: Option<Vec<u8>>,
    /// The record should be here, and the reply has no room for it.
    pub(crate) omitted: bool,
}

/// The effects of earlier operations of a push, which later ones need.
#[derive(Debug, Clone, Default)]
pub(crate) struct BatchProgress {
    /// The operation that failed on a record.
    failed: BTreeMap<Key, usize>,
    /// The first operation that failed.
    first_failed: Option<usize>,
    /// The version that was made last of a record. Empty if no operation asks for it.
    versions: BTreeMap<Key, i64>,
    /// The ids of records that devices made under another name.
    created: BTreeMap<(CollectionName, RecordId), String>,
    /// Rows that speak for themselves in the results.
    pub(crate) written: Written,
    /// Bytes of the results, but for what every result has.
    shown: usize,
}

type Key = (CollectionName, String);

impl BatchProgress {
    fn absorb(&mut self, unit_progress: Self) {
        self.failed.extend(unit_progress.failed);
        self.first_failed = self.first_failed.or(unit_progress.first_failed);
        self.shown = self.shown.saturating_add(unit_progress.shown);
        self.versions.extend(unit_progress.versions);
        self.created.extend(unit_progress.created);
        for (collection, rows) in unit_progress.written {
            self.written.entry(collection).or_default().extend(&rows);
        }
    }
}

/// Begins a push: refuses an expired position, and stores the device's confirmation.
pub(crate) fn begin(tx: &WriteTx<'_>, push: &Push) -> Result<(), Failure> {
    delta::check(tx, &push.scope, &push.position)?;
    let device = push.scope.writing_device(tx, &push.device, push.now)?;
    let sent = push.operations.iter().filter_map(|operation| operation.as_ref().ok()?.op_seq).max();
    let after = device.after(push.ack_op_seq, sent);
    if after != device {
        devices::save(tx, after)?;
    }
    Ok(())
}

/// Works off some units in one transaction, all or as many as its turn allows and at least one. `ahead`: decisions that were made. Their results come in the order of the
/// operations; then what later transactions need, and how many units that were.
pub(crate) fn run(
    tx: &WriteTx<'_>,
    push: &Push,
    progress: BatchProgress,
    units: &[Unit],
    ahead: &Decisions,
) -> Result<(Vec<OpResult>, BatchProgress, usize), Failure> {
    let mut run = Run::new(tx, push, progress, ahead)?;
    let (mut results, mut done) = (Vec::new(), 0);
    for unit in units {
        if done > 0 && tx.turn_is_over() {
            break;
        }
        run.unit(unit, &mut results)?;
        done += 1;
    }
    Ok((results, run.finish()?, done))
}

/// Answers the operations of a unit whose handling failed for a reason of the server's own. They have no effect.
pub(crate) fn fail(
    tx: &WriteTx<'_>,
    push: &Push,
    progress: BatchProgress,
    unit: &Unit,
    failure: &Failure,
) -> Result<(Vec<OpResult>, BatchProgress, usize), Failure> {
    let ahead = Decisions::new();
    let mut run = Run::new(tx, push, progress, &ahead)?;
    let results = unit.operations().map(|index| run.fail(index, failure.clone())).collect();
    Ok((results, run.finish()?, 1))
}

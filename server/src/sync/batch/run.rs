//! The units of a push, one after another.

use super::{BatchProgress, Decisions, Key, OpResult, Push};
use crate::entropy::EntropyUnavailable;
use crate::error::{Code, Failure};
use crate::model::{CollectionName, Operation, RecordId, Target, details};
use crate::store::devices::{self, Device};
use crate::store::{Level, StoreError, WriteTx, ledger};
use crate::sync::plan::Unit;
use crate::sync::write_set::WriteSet;

/// Why an operation was not applied.
pub(super) enum OperationError {
    /// It is refused; the others go on.
    Refused(Failure),
    /// The transaction cannot go on.
    Store(Failure),
}

impl From<rusqlite::Error> for OperationError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<StoreError> for OperationError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.into())
    }
}

impl From<EntropyUnavailable> for OperationError {
    fn from(error: EntropyUnavailable) -> Self {
        Self::Store(error.into())
    }
}

impl From<Failure> for OperationError {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

/// The failure of an operation whose result has no room in the reply: it is to be sent again.
pub(super) fn reply_is_full() -> Failure {
    Failure::new(Code::ServiceUnavailable, "the reply is full; send the operation again")
}

/// A push in one of its transactions.
pub(super) struct Run<'t> {
    pub(super) tx: &'t WriteTx<'t>,
    pub(super) push: &'t Push,
    pub(super) device: Device,
    pub(super) set: WriteSet<'t>,
    /// No operation of the user with a greater id is in the ledger.
    pub(super) greatest: Option<String>,
    /// Of units that are done.
    pub(super) progress: BatchProgress,
    /// Of the unit under way.
    pub(super) unit_progress: BatchProgress,
    pub(super) ahead: &'t Decisions,
}

impl<'t> Run<'t> {
    pub(super) fn new(
        tx: &'t WriteTx<'t>,
        push: &'t Push,
        progress: BatchProgress,
        ahead: &'t Decisions,
    ) -> rusqlite::Result<Self> {
        let most = push.scope.config.quotas.devices;
        let device = devices::seen(tx, push.scope.user, &push.device, push.now, most)?;
        let device = device.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let set = WriteSet::new(tx, push.scope.space_row, push.now, &push.scope.config)?;
        let greatest = ledger::greatest(tx, push.scope.user)?;
        Ok(Self { tx, push, device, set, greatest, progress, unit_progress: BatchProgress::default(), ahead })
    }

    /// Stores what the operations moved; gives back what later transactions need to know.
    pub(super) fn finish(self) -> rusqlite::Result<BatchProgress> {
        self.set.save()?;
        Ok(self.progress)
    }

    /// Bytes of records that the reply has room for.
    pub(super) fn room(&self) -> usize {
        let shown = self.progress.shown.saturating_add(self.unit_progress.shown);
        self.push.scope.config.limits.max_page_bytes.saturating_sub(shown)
    }

    /// Works off a unit.
    pub(super) fn unit(&mut self, unit: &Unit, results: &mut Vec<OpResult>) -> Result<(), Failure> {
        if self.progress.shown > self.push.scope.config.limits.max_page_bytes.saturating_mul(2) {
            results.extend(unit.operations().map(|index| self.fail(index, reply_is_full())));
            return Ok(());
        }
        match unit {
            Unit::Single(index) => {
                self.tx.check_time()?;
                let result = match self.operation(*index) {
                    Ok(done) => OpResult::Done(done),
                    Err(OperationError::Refused(failure)) => self.fail(*index, failure),
                    Err(OperationError::Store(failure)) => return Err(failure),
                };
                results.push(result);
            }
            Unit::Scattered(index) => {
                let fault = details("group", "its operations must stand next to each other");
                results.push(self.fail(*index, fault.into()));
            }
            Unit::Group(range) => {
                let (tx, mark) = (self.tx, self.set.mark());
                let mut done = Vec::with_capacity(range.len());
                let outcome = tx.savepoint(Level::Unit, || {
                    for index in range.clone() {
                        self.tx.check_time()?;
                        done.push(OpResult::Done(self.operation(index)?));
                    }
                    Ok(())
                });
                match outcome {
                    Ok(()) => results.append(&mut done),
                    Err(OperationError::Store(failure)) => return Err(failure),
                    Err(OperationError::Refused(failure)) => {
                        self.set.rewind(mark);
                        self.unit_progress = BatchProgress::default();
                        let culprit = range.start + done.len();
                        for index in range.clone() {
                            let result = match self.done_before(index) {
                                _ if index == culprit => self.fail(index, failure.clone()),
                                Ok(Some(done)) => OpResult::Done(done),
                                Ok(None) => self.fail(index, self.aborted_by(culprit)),
                                Err(OperationError::Refused(failure)) => self.fail(index, failure),
                                Err(OperationError::Store(failure)) => return Err(failure),
                            };
                            results.push(result);
                        }
                    }
                }
            }
        }
        let unit_progress = std::mem::take(&mut self.unit_progress);
        self.progress.absorb(unit_progress);
        Ok(())
    }

    fn aborted_by(&self, culprit: usize) -> Failure {
        let (code, what) = if self.push.atomic {
            (Code::BatchAborted, "another operation of the batch failed")
        } else {
            (Code::GroupAborted, "another operation of the group failed")
        };
        Failure::new(code, what).with("causedBy", &culprit)
    }

    /// Remembers that nothing may come after the operation on its record.
    pub(super) fn fail(&mut self, index: usize, failure: Failure) -> OpResult {
        let called = match self.push.operations.get(index) {
            Some(Ok(Operation { target: Target::Unnamed, .. } | Operation { change: None, .. })) | None => None,
            Some(Ok(operation)) => Some((operation.collection.clone(), operation.target.as_text().to_owned())),
            Some(Err(unreadable)) => unreadable.subject.clone(),
        };
        if let Some((collection, called)) = called {
            let key = self.key(collection, called);
            self.progress.failed.entry(key).or_insert(index);
        }
        self.progress.first_failed.get_or_insert(index);
        self.progress.shown = self.progress.shown.saturating_add(failure.size());
        OpResult::Failed(failure)
    }

    /// Collection and id of a record that an operation calls so: an earlier create may have given it another id.
    fn key(&self, collection: CollectionName, called: String) -> Key {
        let created = RecordId::parse(&called).ok().and_then(|called| self.created_as(&collection, &called));
        (collection, created.unwrap_or(called))
    }

    /// The id of the record that an earlier operation of the push made under this name.
    pub(super) fn created_as(&self, collection: &CollectionName, called: &RecordId) -> Option<String> {
        let name = (collection.clone(), called.clone());
        self.unit_progress.created.get(&name).or_else(|| self.progress.created.get(&name)).cloned()
    }
}

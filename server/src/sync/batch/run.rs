//! The units of a push, one after another.

use super::{Key, Memory, OpResult, Push};
use crate::entropy::EntropyUnavailable;
use crate::error::{Code, Failure};
use crate::model::{CollectionName, Operation, RecordId, Target, details};
use crate::store::devices::{self, Device};
use crate::store::{StoreError, WriteTx, ledger};
use crate::sync::plan::Unit;
use crate::sync::write_set::WriteSet;

/// Why an operation did not get through.
pub(super) enum Halt {
    /// It is refused; the others go on.
    Refused(Failure),
    /// The transaction cannot go on.
    Store(Failure),
}

impl From<rusqlite::Error> for Halt {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error.into())
    }
}

impl From<EntropyUnavailable> for Halt {
    fn from(error: EntropyUnavailable) -> Self {
        Self::Store(error.into())
    }
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

/// A push in one of its transactions.
pub(super) struct Run<'t> {
    pub(super) tx: &'t WriteTx<'t>,
    pub(super) push: &'t Push,
    pub(super) device: Device,
    pub(super) set: WriteSet<'t>,
    /// No operation with a greater id is in the ledger.
    pub(super) greatest: Option<String>,
    /// Of units that are done.
    pub(super) memory: Memory,
    /// Of the unit under way.
    pub(super) part: Memory,
}

impl<'t> Run<'t> {
    pub(super) fn new(tx: &'t WriteTx<'t>, push: &'t Push, memory: Memory) -> rusqlite::Result<Self> {
        let device = devices::seen(tx, push.reader.user, &push.device, push.now)?;
        let set = WriteSet::new(tx, push.reader.space_row, push.now)?;
        let greatest = ledger::greatest(tx, device.row)?;
        Ok(Self { tx, push, device, set, greatest, memory, part: Memory::default() })
    }

    /// Stores what the operations moved; gives back what later transactions need to know.
    pub(super) fn finish(self) -> rusqlite::Result<Memory> {
        self.set.save()?;
        Ok(self.memory)
    }

    /// Works off a unit.
    pub(super) fn unit(&mut self, unit: &Unit, results: &mut Vec<OpResult>) -> Result<(), Failure> {
        match unit {
            Unit::Single(index) => {
                let result = match self.operation(*index) {
                    Ok(done) => OpResult::Done(done),
                    Err(Halt::Refused(failure)) => self.fail(*index, failure),
                    Err(Halt::Store(failure)) => return Err(failure),
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
                let outcome = tx.savepoint(|| {
                    for index in range.clone() {
                        done.push(OpResult::Done(self.operation(index)?));
                    }
                    Ok(())
                });
                match outcome {
                    Ok(()) => results.append(&mut done),
                    Err(Halt::Store(failure)) => return Err(failure),
                    Err(Halt::Refused(failure)) => {
                        self.set.rewind(mark);
                        self.part = Memory::default();
                        let culprit = range.start + done.len();
                        for index in range.clone() {
                            let failure = if index == culprit { failure.clone() } else { self.aborted_by(culprit) };
                            results.push(self.fail(index, failure));
                        }
                    }
                }
            }
        }
        let part = std::mem::take(&mut self.part);
        self.memory.absorb(part);
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
    fn fail(&mut self, index: usize, failure: Failure) -> OpResult {
        let called = match self.push.operations.get(index) {
            Some(Ok(Operation { target: Target::Unnamed, .. })) | None => None,
            Some(Ok(operation)) => Some((operation.collection.clone(), operation.target.as_text().to_owned())),
            Some(Err(unreadable)) => unreadable.subject.clone(),
        };
        if let Some((collection, called)) = called {
            let key = self.key(collection, called);
            self.memory.failed.entry(key).or_insert(index);
        }
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
        self.part.created.get(&name).or_else(|| self.memory.created.get(&name)).cloned()
    }
}

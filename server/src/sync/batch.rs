//! Pushing: many operations of one device.
//!
//! Invariants:
//! - Operations take effect in the order of the request; one on a record whose earlier operation failed is not tried.
//! - The effect of an operation and its ledger entry commit together, so a repeat finds both or neither.
//! - A group leaves all of its effects or none, and nothing else of the transaction goes with it.
//! - What is refused has no effect and leaves nothing in the ledger.

use super::apply::{Effect, Write, apply};
use super::decide::Terms;
use super::delta::{self, Position, Written};
use super::plan::Unit;
use super::pull::Reader;
use super::write_set::{Author, Names, WriteSet};
use super::{refusal, wire};
use crate::config::IdAssignment;
use crate::entropy::{Entropy, EntropyUnavailable};
use crate::error::{Code, Failure};
use crate::model::{
    Base, Change, CollectionName, DeviceId, Hlc, OpId, Operation, RecordId, Target, Unreadable, details,
};
use crate::store::devices::{self, Device};
use crate::store::ledger::{self, Entry, Made};
use crate::store::records::{self, Record};
use crate::store::{StoreError, WriteTx};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A push, as all transactions of it see it.
pub(crate) struct Push {
    pub(crate) reader: Reader,
    pub(crate) device: DeviceId,
    /// Where the device stands; an expired position refuses the push before anything is applied.
    pub(crate) position: Position,
    /// Operations whose results the device knows.
    pub(crate) acks: Acks,
    /// The operations, or what is wrong with them.
    pub(crate) operations: Vec<Result<Operation, Unreadable>>,
    /// All or none.
    pub(crate) atomic: bool,
    /// Whether every result carries the record.
    pub(crate) restate: bool,
    pub(crate) now: i64,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// Results that a device knows.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    pub(crate) ops: Vec<String>,
    /// All operations up to this place in the device's order.
    pub(crate) op_seq: Option<i64>,
}

/// What became of an operation.
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
}

/// What later operations of a push need to know of earlier ones.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The operation that failed on a record.
    failed: BTreeMap<Key, usize>,
    /// The version that was made last of a record.
    versions: BTreeMap<Key, i64>,
    /// What records are called that devices made under another name.
    created: BTreeMap<(CollectionName, RecordId), String>,
    /// Rows that speak for themselves in the results.
    pub(crate) written: Written,
}

type Key = (CollectionName, String);

impl Memory {
    fn absorb(&mut self, part: Self) {
        self.failed.extend(part.failed);
        self.versions.extend(part.versions);
        self.created.extend(part.created);
        for (collection, seqs) in part.written {
            self.written.entry(collection).or_default().extend(seqs);
        }
    }
}

/// Why an operation did not get through.
enum Halt {
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

/// What comes before the operations: refuses a position that has expired, takes note of what the device knows.
pub(crate) fn begin(tx: &WriteTx<'_>, push: &Push) -> Result<(), Failure> {
    delta::check(tx, &push.reader, &push.position)?;
    let device = devices::seen(tx, push.reader.user, &push.device, push.now)?;
    for op_id in &push.acks.ops {
        ledger::forget(tx, device.row, op_id)?;
    }
    if let Some(op_seq) = push.acks.op_seq.filter(|op_seq| *op_seq > device.ack_op_seq) {
        devices::acknowledge(tx, device.row, op_seq)?;
        ledger::forget_up_to(tx, device.row, op_seq)?;
    }
    Ok(())
}

/// Works off some units in one transaction. Their results come in the order of the operations.
pub(crate) fn run(
    tx: &WriteTx<'_>,
    push: &Push,
    memory: Memory,
    units: &[Unit],
) -> Result<(Vec<OpResult>, Memory), Failure> {
    let device = devices::seen(tx, push.reader.user, &push.device, push.now)?;
    let set = WriteSet::new(tx, push.reader.space_row, push.now)?;
    let greatest = ledger::greatest(tx, device.row)?;
    let mut run = Run { tx, push, device, set, greatest, memory, part: Memory::default() };
    let mut results = Vec::new();
    for unit in units {
        run.unit(unit, &mut results)?;
    }
    run.set.save()?;
    Ok((results, run.memory))
}

struct Run<'t> {
    tx: &'t WriteTx<'t>,
    push: &'t Push,
    device: Device,
    set: WriteSet<'t>,
    /// No operation with a greater id is in the ledger.
    greatest: Option<String>,
    /// Of units that are done.
    memory: Memory,
    /// Of the unit under way.
    part: Memory,
}

impl Run<'_> {
    fn unit(&mut self, unit: &Unit, results: &mut Vec<OpResult>) -> Result<(), Failure> {
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
        let subject = match self.push.operations.get(index) {
            Some(Ok(operation)) => {
                let id = self.created_as(operation).unwrap_or_else(|| operation.target.as_text().to_owned());
                Some((operation.collection.clone(), id))
            }
            Some(Err(unreadable)) => unreadable.subject.clone(),
            None => None,
        };
        if let Some(subject) = subject {
            self.memory.failed.entry(subject).or_insert(index);
        }
        OpResult::Failed(failure)
    }

    fn operation(&mut self, index: usize) -> Result<Done, Halt> {
        let push = self.push;
        let operation = match push.operations.get(index) {
            Some(Ok(operation)) => operation,
            Some(Err(unreadable)) => return Err(Failure::invalid(&unreadable.details).into()),
            None => return Err(Failure::new(Code::ServerError, "no such operation").into()),
        };
        if let Some(op_id) = &operation.op_id
            && self.greatest.as_deref() >= Some(op_id.as_str())
            && let Some(entry) = ledger::find(self.tx, self.device.row, op_id.as_str())?
        {
            return self.repeated(operation, entry);
        }
        let subject = self.subject(operation)?;
        if let Some(record) = subject.record.as_ref().filter(|record| self.was_written_by(record, operation)) {
            let entry = Entry {
                content: operation.content,
                record_id: record.id.clone(),
                made: Some(made(record)),
                restated: false,
            };
            return self.repeated(operation, entry);
        }
        if let Some(culprit) = self.memory.failed.get(&subject.key) {
            let failure = Failure::new(Code::DependencyFailed, "an earlier operation on the record failed");
            return Err(failure.with("causedBy", culprit).into());
        }
        if operation.op_seq.is_some_and(|op_seq| op_seq <= self.device.ack_op_seq) {
            let message = "the device has confirmed a later operation and this one is not known: take a new device id";
            return Err(Failure::new(Code::OpSequenceReused, message).into());
        }
        self.execute(operation, subject)
    }

    /// Answers a repeat from the ledger.
    fn repeated(&mut self, operation: &Operation, entry: Entry) -> Result<Done, Halt> {
        if entry.content != operation.content {
            let message = "another operation had this opId";
            return Err(Failure::new(Code::IdempotencyKeyReused, message).into());
        }
        let stream = self.set.stream(&operation.collection)?;
        let record = if entry.restated || self.push.restate {
            records::find(self.tx, stream, &entry.record_id)?.filter(|record| record.body.is_some())
        } else {
            None
        };
        let record = record.map(|record| self.restate(&record)).transpose()?;
        self.remember(operation, &entry.record_id, entry.made);
        Ok(Done { duplicate: true, record_id: entry.record_id, made: entry.made, record })
    }

    fn execute(&mut self, operation: &Operation, subject: Subject) -> Result<Done, Halt> {
        let (push, config) = (self.push, &self.push.reader.config);
        let base = match operation.base {
            Base::Unstated => None,
            Base::At(version) => Some(version),
            Base::Previous => {
                let made = self.part.versions.get(&subject.key).or_else(|| self.memory.versions.get(&subject.key));
                let fault = || Failure::from(details("version", "\"$prev\" needs an earlier operation on the record"));
                Some(*made.ok_or_else(fault)?)
            }
        };
        let latest = push.now.saturating_add(config.sync.max_clock_ahead_ms());
        let hlc = match &operation.hlc {
            Some(hlc) => hlc.clone().clamped(latest),
            None => Hlc::of_server(push.now, push.device.clone()),
        };
        let hlc = hlc.to_string();
        let author =
            Author { device: Some(self.device.row), op_id: operation.op_id.as_ref().map(OpId::as_str), hlc: &hlc };
        let names = Names { id: &subject.key.1, client_id: subject.client_id.as_deref() };
        let write = Write { collection: &operation.collection, names, change: &operation.change, base, author };
        let terms = Terms {
            collection: config.collection(&operation.collection),
            max_record_bytes: config.limits.max_record_bytes,
            max_depth: config.limits.max_json_depth,
        };
        match apply(&mut self.set, write, subject.record, terms)? {
            Effect::Refused(why, record) => {
                Err(refusal::explain(self.tx, &push.reader.space, why, record.as_ref(), &config.limits)?.into())
            }
            Effect::AlreadySo(record) => {
                let made = record.as_ref().map(made);
                self.remember(operation, names.id, made);
                let live = record.filter(|record| record.body.is_some());
                let record = live.map(|record| self.restate(&record)).transpose()?;
                Ok(Done { duplicate: true, record_id: subject.key.1, made, record })
            }
            Effect::Written { record, restated } => {
                let made = Some(made(&record));
                self.remember(operation, &record.id, made);
                if let Some(op_id) = author.op_id {
                    let entry = Entry { content: operation.content, record_id: record.id.clone(), made, restated };
                    ledger::insert(self.tx, self.device.row, op_id, operation.op_seq, push.now, &entry)?;
                    if self.greatest.as_deref() < Some(op_id) {
                        self.greatest = Some(op_id.to_owned());
                    }
                }
                let shown = record.body.is_some() && (restated || push.restate);
                let json = if shown { Some(self.restate(&record)?) } else { None };
                Ok(Done { duplicate: false, record_id: record.id, made, record: json })
            }
        }
    }

    /// The record that an operation is about, and its id.
    fn subject(&mut self, operation: &Operation) -> Result<Subject, Halt> {
        let collection = &operation.collection;
        let rules = self.push.reader.config.collection(collection);
        let assigns = rules.id_assignment == IdAssignment::Server;
        let stream = self.set.stream(collection)?;
        let is_create = matches!(operation.change, Change::Create(_));
        let called = match &operation.target {
            Target::Unnamed => {
                let id = self.push.entropy.uuid(self.push.now)?;
                return Ok(Subject { key: (collection.clone(), id), client_id: None, record: None });
            }
            Target::Id(id) if !(assigns && is_create) => {
                let record = records::find(self.tx, stream, id.as_str())?;
                return Ok(Subject { key: (collection.clone(), id.to_string()), client_id: None, record });
            }
            Target::Id(called) => called,
            Target::Created(reference) => &reference.0,
        };
        // Only where the server assigns ids is a record called anything but its id.
        let record = match self.created_as(operation) {
            Some(id) => records::find(self.tx, stream, &id)?,
            None if assigns => records::find_by_client_id(self.tx, stream, called.as_str())?,
            None => records::find(self.tx, stream, called.as_str())?,
        };
        let client_id = assigns.then(|| called.to_string());
        let id = match &record {
            Some(record) => record.id.clone(),
            None if assigns && is_create => self.push.entropy.uuid(self.push.now)?,
            None => called.to_string(),
        };
        Ok(Subject { key: (collection.clone(), id), client_id, record })
    }

    /// The id of the record that an earlier operation of the push made under the name that this one uses.
    fn created_as(&self, operation: &Operation) -> Option<String> {
        let called = match &operation.target {
            Target::Created(reference) => &reference.0,
            Target::Id(called) => called,
            Target::Unnamed => return None,
        };
        let name = (operation.collection.clone(), called.clone());
        self.part.created.get(&name).or_else(|| self.memory.created.get(&name)).cloned()
    }

    /// Whether the operation is what wrote the record last: it was repeated after the ledger had forgotten it.
    fn was_written_by(&self, record: &Record, operation: &Operation) -> bool {
        let op_id = operation.op_id.as_ref().map(OpId::as_str);
        op_id.is_some() && record.origin_op.as_deref() == op_id && record.origin_device == Some(self.device.row)
    }

    fn remember(&mut self, operation: &Operation, record_id: &str, made: Option<Made>) {
        let collection = &operation.collection;
        if let Some(made) = made {
            self.part.versions.insert((collection.clone(), record_id.to_owned()), made.version);
            self.part.written.entry(collection.clone()).or_default().insert(made.seq);
        }
        if let (Change::Create(_), Target::Id(called)) = (&operation.change, &operation.target) {
            self.part.created.insert((collection.clone(), called.clone()), record_id.to_owned());
        }
    }

    fn restate(&self, record: &Record) -> rusqlite::Result<Vec<u8>> {
        wire::full_record(self.tx, &self.push.reader.space, record)
    }
}

/// What an operation is about.
struct Subject {
    /// Collection and id.
    key: Key,
    /// What the device calls it, where the server assigns ids.
    client_id: Option<String>,
    record: Option<Record>,
}

fn made(record: &Record) -> Made {
    Made { version: record.version, seq: record.seq, updated_ts: record.updated_ts }
}

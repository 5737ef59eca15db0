//! One operation of a push: recognised, carried out or refused.

use super::run::{OperationError, Run, reply_is_full};
use super::{Done, Key};
use crate::config::IdAssignment;
use crate::error::{Code, Failure};
use crate::model::{Base, Change, OpId, Operation, Target, details};
use crate::store::ledger::{self, Entry, Made};
use crate::store::records::{self, Record};
use crate::sync::apply::{Effect, apply};
use crate::sync::decide::{Write, WriteRules};
use crate::sync::write_set::{Author, RecordName};
use crate::sync::{refusal, wire};

impl<'t> Run<'t> {
    /// Does what an operation asks for, unless it was done before.
    pub(super) fn operation(&mut self, index: usize) -> Result<Done, OperationError> {
        let operation = self.readable(index)?;
        let subject = match self.known(operation)? {
            Known::Done(done) => return Ok(done),
            Known::No(subject) => *subject,
        };
        self.refuse_forgotten(operation, &subject)?;
        let Some(change) = &operation.change else {
            return Err(Failure::new(Code::OperationUnknown, "no operation with this opId has an effect").into());
        };
        let before = self.progress.first_failed.as_ref().filter(|_| self.push.ordered);
        if let Some(culprit) = self.progress.failed.get(&subject.key).or(before) {
            let failure =
                Failure::new(Code::DependencyFailed, "an earlier operation, which this one waits for, failed");
            return Err(failure.with("causedBy", culprit).into());
        }
        if operation.op_seq.is_some_and(|op_seq| op_seq <= self.device.ack_op_seq) {
            let message = "the device has confirmed a later operation and this one is not known: take a new device id";
            return Err(Failure::new(Code::OpSequenceReused, message).into());
        }
        if operation.op_id.is_some() && !self.set.may_keep_operation() {
            let quotas = &self.push.scope.config.quotas;
            let (most, url) = (quotas.operations, quotas.upgrade_url.as_deref());
            return Err(Failure::quota("operations", most, most, url).into());
        }
        self.execute(index, operation, change, subject)
    }

    /// The result of a member of a group that came to nothing, if it has its effect from an earlier request: that stands.
    pub(super) fn done_before(&mut self, index: usize) -> Result<Option<Done>, OperationError> {
        let Ok(operation) = self.readable(index) else { return Ok(None) };
        match self.known(operation)? {
            Known::Done(done) => Ok(Some(done)),
            Known::No(subject) => self.refuse_forgotten(operation, &subject).map(|()| None),
        }
    }

    fn readable(&self, index: usize) -> Result<&'t Operation, OperationError> {
        match self.push.operations.get(index) {
            Some(Ok(operation)) => Ok(operation),
            Some(Err(unreadable)) => Err(Failure::invalid(&unreadable.details).into()),
            None => Err(Failure::new(Code::ServerError, "no such operation").into()),
        }
    }

    /// Whether an operation has its effect from an earlier request.
    fn known(&mut self, operation: &Operation) -> Result<Known, OperationError> {
        if let Some(op_id) = &operation.op_id
            && self.greatest.as_deref() >= Some(op_id.as_str())
            && let Some(entry) = ledger::find(self.tx, self.push.scope.user, op_id.as_str())?
        {
            return self.repeated(operation, entry).map(Known::Done);
        }
        let subject = self.subject(operation)?;
        match subject.record.as_ref().filter(|record| self.was_written_by(record, operation)) {
            None => Ok(Known::No(Box::new(subject))),
            Some(record) => {
                let (content, made) = (operation.content, Some(made(record)));
                let entry = Entry { content, record_id: record.id.clone(), made, restated: false };
                self.repeated(operation, entry).map(Known::Done)
            }
        }
    }

    /// Refuses an operation that is not known, may have had its effect all the same (it was sent before, and what was known of its time has been deleted)
    /// and would have it a second time. Asked before all else: any other refusal says that it has no effect, and a question would be answered so.
    fn refuse_forgotten(&self, operation: &Operation, subject: &Subject) -> Result<(), OperationError> {
        let known_since = self.push.now.saturating_sub(self.push.scope.config.retention.max_offline_ms());
        if !operation.resent || operation.hlc.as_ref().is_none_or(|hlc| hlc.ms >= known_since) {
            return Ok(());
        }
        let has_it_twice = match &operation.change {
            None => true,
            Some(Change::Create(_)) => subject.record.is_none(),
            Some(change) => change.counts_twice(),
        };
        if has_it_twice { Err(was_forgotten().into()) } else { Ok(()) }
    }

    /// Answers a repeat from the ledger.
    fn repeated(&mut self, operation: &Operation, entry: Entry) -> Result<Done, OperationError> {
        if operation.change.is_some() && entry.content != operation.content {
            let message = "another operation had this opId";
            return Err(Failure::new(Code::IdempotencyKeyReused, message).into());
        }
        let stream = self.set.stream(&operation.collection)?;
        let record = if entry.restated || self.push.restate {
            records::find(self.tx, stream, &entry.record_id)?.filter(|record| record.body.is_some())
        } else {
            None
        };
        let (record, omitted) = self.restate(record.as_ref())?;
        self.remember(operation, &entry.record_id, entry.made, omitted);
        Ok(Done { duplicate: true, record_id: entry.record_id, made: entry.made, record, omitted })
    }

    fn execute(
        &mut self,
        index: usize,
        operation: &Operation,
        change: &Change,
        subject: Subject,
    ) -> Result<Done, OperationError> {
        let (push, config) = (self.push, &self.push.scope.config);
        let base = match operation.base {
            Base::Unstated => None,
            Base::At(version) => Some(version),
            Base::Previous => {
                let made =
                    self.unit_progress.versions.get(&subject.key).or_else(|| self.progress.versions.get(&subject.key));
                let fault = || Failure::from(details("version", "\"$prev\" needs an earlier operation on the record"));
                Some(*made.ok_or_else(fault)?)
            }
        };
        let (hlc, latest_ms) = push.stamp(operation);
        let author =
            Author { device: Some(self.device.row), op_id: operation.op_id.as_ref().map(OpId::as_str), hlc: &hlc };
        let collection = &operation.collection;
        let name = RecordName { collection, id: &subject.key.1, client_id: subject.client_id.as_deref() };
        let write = Write { change, base, exact: operation.exact, hlc: &hlc, latest_ms };
        let (rules, ahead) = (WriteRules::of(config, collection), self.ahead.get(&index));
        match apply(&mut self.set, name, write, author, subject.record, rules, ahead)? {
            Effect::Refused(why, record) => {
                let shown =
                    if why.shows_record() { record.as_ref().and_then(|record| record.body.as_ref()) } else { None };
                if shown.is_some_and(|body| body.len() > self.room()) {
                    return Err(reply_is_full().into());
                }
                Err(refusal::explain(self.tx, &push.scope.space, why, record.as_ref(), &config.limits)?.into())
            }
            Effect::AlreadySo(record) => {
                let made = record.as_ref().map(made);
                let is_create = matches!(change, Change::Create(_));
                let known = !is_create && base.is_some() && base == made.map(|made| made.version);
                let live = record.filter(|record| record.body.is_some());
                let live = live.filter(|_| !known || push.restate);
                let (record, omitted) = self.restate(live.as_ref())?;
                self.enter(operation, &subject.key.1, made, live.is_some(), omitted)?;
                Ok(Done { duplicate: true, record_id: subject.key.1, made, record, omitted })
            }
            Effect::Written { record, restated } => {
                let made = Some(made(&record));
                let shown = record.body.is_some() && (restated || push.restate);
                let (json, omitted) = self.restate(Some(&record).filter(|_| shown))?;
                self.enter(operation, &record.id, made, restated, omitted)?;
                Ok(Done { duplicate: false, record_id: record.id, made, record: json, omitted })
            }
        }
    }

    /// The record that an operation is about, and its id.
    fn subject(&mut self, operation: &Operation) -> Result<Subject, OperationError> {
        let collection = &operation.collection;
        let rules = self.push.scope.config.collection(collection);
        let assigns = rules.id_assignment == IdAssignment::Server;
        let stream = self.set.stream(collection)?;
        let is_create = matches!(operation.change, Some(Change::Create(_)));
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
        let record = match self.created_as(collection, called) {
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

    /// Whether the operation is what wrote the record last: it was repeated after the ledger had forgotten it.
    fn was_written_by(&self, record: &Record, operation: &Operation) -> bool {
        let op_id = operation.op_id.as_ref().map(OpId::as_str);
        op_id.is_some() && record.origin_op.as_deref() == op_id
    }

    /// Notes what became of an operation for the rest of the push, and in the ledger for its repeats.
    fn enter(
        &mut self,
        operation: &Operation,
        record_id: &str,
        made: Option<Made>,
        restated: bool,
        omitted: bool,
    ) -> Result<(), OperationError> {
        self.remember(operation, record_id, made, omitted);
        let Some(op_id) = operation.op_id.as_ref().map(OpId::as_str) else { return Ok(()) };
        let entry = Entry { content: operation.content, record_id: record_id.to_owned(), made, restated };
        ledger::insert(self.tx, self.push.scope.user, op_id, self.push.now, &entry)?;
        self.set.count_operation();
        if self.greatest.as_deref() < Some(op_id) {
            self.greatest = Some(op_id.to_owned());
        }
        Ok(())
    }

    fn remember(&mut self, operation: &Operation, record_id: &str, made: Option<Made>, omitted: bool) {
        let collection = &operation.collection;
        if let Some(made) = made {
            if self.push.uses_previous {
                self.unit_progress.versions.insert((collection.clone(), record_id.to_owned()), made.version);
            }
            match self.unit_progress.written.get_mut(collection) {
                // The result does not speak for the row.
                _ if omitted => {}
                Some(rows) => rows.insert(made.seq),
                None => self.unit_progress.written.entry(collection.clone()).or_default().insert(made.seq),
            }
        }
        if let (Some(Change::Create(_)), Target::Id(called)) = (&operation.change, &operation.target)
            && called.as_str() != record_id
        {
            self.unit_progress.created.insert((collection.clone(), called.clone()), record_id.to_owned());
        }
    }

    /// The record for a result, or that there is no room for it.
    fn restate(&mut self, record: Option<&Record>) -> rusqlite::Result<(Option<Vec<u8>>, bool)> {
        let Some(record) = record else { return Ok((None, false)) };
        if record.body.as_ref().map_or(0, String::len) > self.room() {
            return Ok((None, true));
        }
        let json = wire::full_record(self.tx, &self.push.scope.space, record)?;
        self.unit_progress.shown = self.unit_progress.shown.saturating_add(json.len());
        Ok((Some(json), false))
    }
}

/// Whether an operation has its effect from an earlier request.
enum Known {
    /// It has; its result.
    Done(Done),
    /// It has not; the record that it is about.
    No(Box<Subject>),
}

/// The record of an operation.
struct Subject {
    /// Collection and id.
    key: Key,
    /// The id that the creating device gave it, where the server assigns ids.
    client_id: Option<String>,
    record: Option<Record>,
}

fn was_forgotten() -> Failure {
    let message =
        "the operation was sent so long ago that what became of it is no longer known: it may have its effect";
    Failure::new(Code::OperationForgotten, message)
}

fn made(record: &Record) -> Made {
    Made { version: record.version, seq: record.seq, updated_us: record.updated_us }
}

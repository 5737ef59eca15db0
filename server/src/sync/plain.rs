//! Plain writes: one record a request, for clients that know HTTP and nothing of batches.
//!
//! Invariant: with an `Idempotency-Key` the effect and the reply commit together. A concurrent repeat waits for the one writer
//! like every other write and then finds the reply, so no caller is ever told that a request is in progress.

use super::ahead::Ahead;
use super::apply::{Effect, apply};
use super::decide::{Refusal, Write, WriteRules};
use super::scope::Scope;
use super::write_set::{Author, RecordName, WriteSet};
use super::{refusal, wire};
use crate::config::IdAssignment;
use crate::error::{Code, Failure};
use crate::model::{Change, CollectionName, DeviceId, Fields, Hlc, OpId, RecordId, Timestamp};
use crate::store::WriteTx;
use crate::store::idempotency::{self, StoredReply};
use crate::store::records::{self, OwnStamps, Record};
use crate::store::streams;
use rusqlite::Connection;

/// A write.
#[derive(Debug)]
pub(crate) struct PlainWrite {
    pub(crate) scope: Scope,
    pub(crate) collection: CollectionName,
    /// The record, or what the device calls the new one.
    pub(crate) id: Option<RecordId>,
    /// A random id, for a record that needs one.
    pub(crate) fresh_id: String,
    pub(crate) change: Change,
    /// The version it is based on, if the request says.
    pub(crate) base: Option<i64>,
    pub(crate) condition: Condition,
    /// The `Idempotency-Key` and what the request said.
    pub(crate) key: Option<(OpId, [u8; 16])>,
    pub(crate) now: i64,
    /// The decision, if it was made ahead.
    pub(crate) ahead: Option<Ahead>,
}

/// The condition of a write (RFC 9110, section 13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Nothing.
    None,
    /// `If-Match`: the record has one of these tags.
    Matches(Vec<String>),
    /// `If-Match: *`: there is a record.
    Exists,
    /// `If-None-Match: *`: there is none.
    Absent,
    /// `If-Unmodified-Since`: the record was not changed after this second since 1970.
    UnmodifiedSince(i64),
}

/// The outcome of a plain write.
#[derive(Debug)]
pub(crate) enum PlainReply {
    /// A record was made or changed.
    Written { created: bool, shown: Shown },
    /// There is no record now.
    Gone,
    /// The request was answered before.
    Repeated(Option<Shown>),
}

/// A record in a reply.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) id: String,
    pub(crate) etag: String,
    /// The stamp of the write. `None` in the reply to a repeat.
    pub(crate) updated_us: Option<i64>,
    pub(crate) json: Vec<u8>,
}

impl PlainWrite {
    /// Makes the decision ahead of the write's turn, if that may take long. What is wrong is left for then.
    pub(crate) fn decide_ahead(&mut self, db: &Connection) -> Result<(), Failure> {
        let Some(record) = find(db, self)?.filter(|_| self.change.is_heavy()) else { return Ok(()) };
        let said = self.base;
        if satisfy(db, self, Some(&record)).is_ok() {
            let hlc = self.stamp();
            let rules = WriteRules::of(&self.scope.config, &self.collection);
            self.ahead = Some(Ahead::of(&record, self.request(&hlc), rules)?);
        }
        self.base = said;
        Ok(())
    }

    fn stamp(&self) -> String {
        let by = self.scope.device.clone().unwrap_or_else(DeviceId::server);
        Hlc::of_server(self.now, by).to_string()
    }

    fn request<'a>(&'a self, hlc: &'a str) -> Write<'a> {
        let latest_ms = self.now.saturating_add(self.scope.config.sync.max_clock_ahead_ms());
        Write { change: &self.change, base: self.base, exact: false, hlc, latest_ms }
    }
}

/// Carries out one write of a single record, or answers a repeat of it with the stored reply.
pub(crate) fn write(tx: &WriteTx<'_>, mut write: PlainWrite) -> Result<PlainReply, Failure> {
    if let Some((key, content)) = &write.key
        && let Some(stored) = idempotency::find(tx, write.scope.user, key)?
    {
        return repeated(stored, content);
    }
    let record = find(tx, &write)?;
    satisfy(tx, &mut write, record.as_ref())?;
    drop_stamps(&mut write.change, record.as_ref().map(|record| record.own_stamps).unwrap_or_default());

    let device = match &write.scope.device {
        Some(device) => Some(write.scope.writing_device(tx, device, write.now)?.row),
        None => None,
    };
    let hlc = write.stamp();
    let author = Author { device, op_id: write.key.as_ref().map(|(key, _)| key.as_str()), hlc: &hlc };
    let config = &write.scope.config;
    let rules = config.collection(&write.collection);
    let assigns = rules.id_assignment == IdAssignment::Server && matches!(write.change, Change::Create(_));
    let called = write.id.as_ref().map(RecordId::as_str);
    let id = match (&record, called) {
        (Some(record), _) => record.id.clone(),
        (None, Some(called)) if !assigns => called.to_owned(),
        (None, _) => write.fresh_id.clone(),
    };
    let name = RecordName { collection: &write.collection, id: &id, client_id: called.filter(|_| assigns) };
    let rules = WriteRules::of(config, &write.collection);
    let request = write.request(&hlc);
    let mut set = WriteSet::new(tx, write.scope.space_row, write.now, config)?;
    let created = record.as_ref().is_none_or(|record| record.body.is_none());
    let reply = match apply(&mut set, name, request, author, record, rules, write.ahead.as_ref())? {
        Effect::Refused(why, record) => return Err(refused(tx, &write, why, record.as_ref())?),
        Effect::AlreadySo(Some(record)) if record.body.is_some() => {
            let shown = show(tx, &write.scope, &record)?;
            match write.change {
                // The same create again: the reply to the first one was lost.
                Change::Create(_) => return Ok(PlainReply::Repeated(Some(shown))),
                _ => PlainReply::Written { created: false, shown },
            }
        }
        Effect::AlreadySo(_) => return Ok(PlainReply::Gone),
        Effect::Written { record, .. } if record.body.is_none() => PlainReply::Gone,
        Effect::Written { record, .. } => PlainReply::Written { created, shown: show(tx, &write.scope, &record)? },
    };
    set.save()?;
    store(tx, &write, &reply)?;
    Ok(reply)
}

/// The record that a request is about.
fn find(tx: &Connection, write: &PlainWrite) -> rusqlite::Result<Option<Record>> {
    let Some(id) = &write.id else { return Ok(None) };
    let stream = streams::find(tx, write.scope.space_row, &write.collection)?.row;
    let assigns = write.scope.config.collection(&write.collection).id_assignment == IdAssignment::Server;
    if assigns && matches!(write.change, Change::Create(_)) {
        return records::find_by_client_id(tx, stream, id.as_str());
    }
    records::find(tx, stream, id.as_str())
}

/// Checks the condition of a request. One that names the record's tag has named its version.
fn satisfy(tx: &Connection, write: &mut PlainWrite, record: Option<&Record>) -> Result<(), Failure> {
    let Some(live) = record.filter(|record| record.body.is_some()) else {
        // What is deleted already may be deleted again, whatever it was.
        let gone = record.is_some() && matches!(write.change, Change::Delete);
        return match &write.condition {
            Condition::Matches(_) | Condition::Exists | Condition::UnmodifiedSince(_) if !gone => {
                Err(record.map_or_else(refusal::not_found, refusal::deleted).with_status(412))
            }
            _ => Ok(()),
        };
    };
    match &write.condition {
        Condition::None | Condition::Absent => Ok(()),
        Condition::Exists => {
            write.base.get_or_insert(live.version);
            Ok(())
        }
        Condition::Matches(tags) if tags.contains(&wire::etag(live)) => {
            write.base.get_or_insert(live.version);
            Ok(())
        }
        Condition::UnmodifiedSince(seconds) if Timestamp::from_micros(live.updated_us).ms() / 1_000 <= *seconds => {
            write.base.get_or_insert(live.version);
            Ok(())
        }
        Condition::Matches(_) | Condition::UnmodifiedSince(_) => {
            Err(refused(tx, write, Refusal::Conflict(Vec::new()), record)?.with_status(412))
        }
    }
}

fn refused(tx: &Connection, write: &PlainWrite, why: Refusal, record: Option<&Record>) -> Result<Failure, Failure> {
    let failure = refusal::explain(tx, &write.scope.space, why, record, &write.scope.config.limits)?;
    let unconditional = write.condition != Condition::Absent || failure.code() != Code::RecordExists;
    Ok(if unconditional { failure } else { failure.with_status(412) })
}

/// Takes the server's stamps out of a body that was read from a reply. Where the record has fields of its own of these names, they
/// are data.
fn drop_stamps(change: &mut Change, own: OwnStamps) {
    let drop = |fields: &mut Fields| {
        if !own.created {
            fields.remove("createdAt");
        }
        if !own.updated {
            fields.remove("updatedAt");
        }
    };
    match change {
        Change::Create(fields) | Change::Merge(fields) | Change::Replace(fields) => drop(fields),
        Change::FieldOps(_) | Change::JsonPatch(_) | Change::Delete => {}
    }
}

fn show(tx: &WriteTx<'_>, scope: &Scope, record: &Record) -> rusqlite::Result<Shown> {
    let json = wire::full_record(tx, &scope.space, record)?;
    Ok(Shown { id: record.id.clone(), etag: wire::etag(record), updated_us: Some(record.updated_us), json })
}

fn repeated(stored: StoredReply, content: &[u8; 16]) -> Result<PlainReply, Failure> {
    if stored.content != *content {
        return Err(Failure::new(Code::IdempotencyKeyReused, "another request had this Idempotency-Key"));
    }
    let shown = stored.data.zip(stored.etag);
    Ok(PlainReply::Repeated(shown.map(|(json, etag)| Shown { id: stored.record_id, etag, updated_us: None, json })))
}

fn store(tx: &WriteTx<'_>, write: &PlainWrite, reply: &PlainReply) -> rusqlite::Result<()> {
    let Some((key, content)) = &write.key else { return Ok(()) };
    let shown = match reply {
        PlainReply::Written { shown, .. } => Some(shown),
        _ => None,
    };
    let reply = StoredReply {
        content: *content,
        record_id: shown.map_or_else(String::new, |shown| shown.id.clone()),
        etag: shown.map(|shown| shown.etag.clone()),
        data: shown.map(|shown| shown.json.clone()),
    };
    idempotency::insert(tx, write.scope.user, key, &write.collection, write.now, &reply)?;
    idempotency::keep_within(tx, write.scope.user, write.scope.config.quotas.reply_bytes)
}

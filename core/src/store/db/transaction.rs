//! A running write transaction and what it leaves to be told after the commit.

use super::remembered::Remembered;
use crate::model::{OpId, WriteOutcome};
use rusqlite::Connection;
use std::cell::RefCell;
use std::ops::Deref;

/// A changed row: (collection, row of `documents`).
pub(crate) type ChangedRow = (i64, i64);

/// What a committed transaction changed, for those who watch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Committed {
    /// Documents that changed, in content or status. Sorted, each once, when the observer is told.
    pub rows: Vec<ChangedRow>,
    /// Operations that ended.
    pub settled: Vec<(OpId, WriteOutcome)>,
    /// Whether a local write added work for the sync engine.
    pub queued: bool,
    /// Whether counts of pending, failed or conflicts may have changed.
    pub counts: bool,
    /// Whether the files are to be written anew before the writes are answered.
    pub(in crate::store) scrub: bool,
    /// Whether what readers keep in memory is to be forgotten.
    pub(in crate::store) forget: bool,
    /// Whether another process has committed before: anything may have changed.
    pub other_process: bool,
}

impl Committed {
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.settled.is_empty() && !self.queued && !self.counts && !self.other_process
    }

    pub(in crate::store) fn join(&mut self, mut other: Committed) {
        self.rows.append(&mut other.rows);
        self.settled.extend(other.settled);
        self.queued |= other.queued;
        self.counts |= other.counts;
        self.scrub |= other.scrub;
        self.forget |= other.forget;
    }
}

/// A write transaction. Reads through it see its own writes.
pub(crate) struct Tx<'a> {
    connection: &'a Connection,
    remembered: &'a Remembered,
    notes: RefCell<Committed>,
}

impl<'a> Tx<'a> {
    pub(in crate::store) fn new(connection: &'a Connection, remembered: &'a Remembered) -> Self {
        Self { connection, remembered, notes: RefCell::default() }
    }

    /// What earlier transactions of this connection have found.
    pub(in crate::store) fn remembered(&self) -> &Remembered {
        self.remembered
    }

    /// How many transactions of this process have failed. What such a one wrote may be on the disk all the same, and in a backup that is taken then.
    pub fn failed_transactions(&self) -> u64 {
        self.remembered.failed_transactions()
    }

    /// Notes that a document changed, in content or status. Every function of the store that writes one calls this. What a job has noted is
    /// dropped with its changes if it is taken back.
    pub(in crate::store) fn changed(&self, collection: i64, row: i64) {
        self.notes.borrow_mut().rows.push((collection, row));
    }

    /// Notes that an operation ended; told after the commit.
    pub fn settled(&self, op: OpId, how: WriteOutcome) {
        let mut notes = self.notes.borrow_mut();
        notes.settled.push((op, how));
        notes.counts = true;
    }

    /// Notes that there is new work for the sync engine.
    pub fn queued(&self) {
        let mut notes = self.notes.borrow_mut();
        notes.queued = true;
        notes.counts = true;
    }

    /// Notes that the counts of the status may have changed.
    pub fn counts(&self) {
        self.notes.borrow_mut().counts = true;
    }

    /// Notes that what was deleted is to be overwritten in the files.
    pub(in crate::store) fn scrub(&self) {
        let mut notes = self.notes.borrow_mut();
        notes.scrub = true;
        notes.forget = true;
    }

    /// Notes that the store's epoch ends: what readers keep in memory is forgotten.
    pub(in crate::store) fn epoch_ended(&self) {
        self.notes.borrow_mut().forget = true;
    }

    pub(in crate::store) fn into_notes(self) -> Committed {
        self.notes.into_inner()
    }
}

impl Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

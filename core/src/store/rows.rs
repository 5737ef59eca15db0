//! Documents that were read more than once, as a reader sees them, so that the next read of one needs no SQL.
//!
//! Invariants:
//! - What is here is what the database has at [`mark`](Kept::mark), and is given out only while the log's index says the same. So a commit of
//!   another process makes all of it useless until this process commits, which empties it.
//! - A commit of this process takes out the documents that it changes before its callers and the observer are told.
//! - A document that was read is kept only if no process has committed from before it was read until it is put here.
//! - It is in memory only, holds no more bytes than it was allowed, and is emptied when the files are closed, when the store's epoch ends and
//!   when anything about the writer's transaction is in doubt.

use super::ChangedRow;
use super::db::Mark;
use crate::model::Document;
use hashlink::{DefaultHashBuilder, LinkedHashMap};
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What an entry takes beside its texts: the entry in both tables, and the allocations' own.
const OVERHEAD: usize = 256;
/// How many documents that were read once are remembered, by a hash.
const SEEN_ONCE: usize = 1_024;

/// Documents by collection and id. Thread-safe.
#[derive(Default)]
pub(crate) struct RowCache {
    /// Most bytes that it may hold. 0: it keeps nothing.
    limit: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// What the log's index said when all this was so; `None`: nothing can be kept.
    mark: Option<Mark>,
    bytes: usize,
    /// By row, that used last at the end.
    entries: LinkedHashMap<i64, Entry>,
    rows: HashMap<i64, HashMap<Box<str>, i64, DefaultHashBuilder>, DefaultHashBuilder>,
    /// Hashes of documents that were read once, each at its place, later ones over earlier ones. Empty before the first read.
    seen: Vec<u64>,
    hasher: DefaultHashBuilder,
}

struct Entry {
    collection: i64,
    document: Document,
}

impl Entry {
    fn bytes(&self) -> usize {
        bytes(&self.document)
    }
}

/// The id is there twice.
fn bytes(document: &Document) -> usize {
    document.body.len() + 2 * document.id.len() + OVERHEAD
}

impl RowCache {
    /// A cache of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, kept: Mutex::default() }
    }

    pub fn is_off(&self) -> bool {
        self.limit == 0
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.locked().entries.is_empty()
    }

    /// A document, if it is here and the index says `mark` still.
    pub fn get(&self, mark: Mark, collection: i64, id: &str) -> Option<Document> {
        let mut kept = self.locked();
        if kept.mark != Some(mark) {
            return None;
        }
        let row = *kept.rows.get(&collection)?.get(id)?;
        kept.entries.to_back(&row).map(|entry| entry.document.clone())
    }

    /// Offers a document that was read: it is kept if it was offered before. `mark`: what the index said before it was read, and says
    /// after that.
    pub fn offer(&self, mark: Mark, collection: i64, row: i64, document: &Document) {
        let size = bytes(document);
        // One document must not push out all others.
        if size > self.limit / 8 {
            return;
        }
        let mut kept = self.locked();
        if kept.mark != Some(mark) || !kept.is_second(collection, &document.id) {
            return;
        }
        kept.take_out(row);
        kept.bytes += size;
        kept.rows.entry(collection).or_default().insert(document.id.as_str().into(), row);
        kept.entries.insert(row, Entry { collection, document: document.clone() });
        while kept.bytes > self.limit
            && let Some((_, oldest)) = kept.entries.pop_front()
        {
            kept.forget(&oldest);
        }
    }

    /// Takes in a commit of this process, of which the index said `before` when its transaction began and says `now`. `alone`: no other
    /// process has committed since then.
    pub fn committed(&self, before: Mark, now: Mark, rows: &[ChangedRow], alone: bool) {
        if self.is_off() || before == now {
            return;
        }
        let mut kept = self.locked();
        if alone && kept.mark == Some(before) {
            if !kept.entries.is_empty() {
                rows.iter().for_each(|(_, row)| kept.take_out(*row));
            }
        } else {
            kept.clear();
        }
        kept.mark = Some(now);
    }

    /// Empties it. From now on it takes what is read while the index says `mark`.
    pub fn reset(&self, mark: Option<Mark>) {
        if !self.is_off() {
            let mut kept = self.locked();
            kept.clear();
            kept.mark = mark;
        }
    }

    fn locked(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Whether this document was asked about before, as far as is remembered; remembers it.
    fn is_second(&mut self, collection: i64, id: &str) -> bool {
        if self.seen.is_empty() {
            self.seen = vec![0; SEEN_ONCE];
        }
        let hash = self.hasher.hash_one((collection, id));
        let place = &mut self.seen[hash as usize % SEEN_ONCE];
        std::mem::replace(place, hash) == hash
    }

    fn take_out(&mut self, row: i64) {
        if let Some(entry) = self.entries.remove(&row) {
            self.forget(&entry);
        }
    }

    /// Forgets all about an entry that was taken out.
    fn forget(&mut self, entry: &Entry) {
        self.bytes -= entry.bytes();
        if let Some(ids) = self.rows.get_mut(&entry.collection) {
            ids.remove(entry.document.id.as_str());
        }
    }

    fn clear(&mut self) {
        let hasher = self.hasher.clone();
        *self = Self { hasher, ..Self::default() };
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;

//! A list of documents that shares what it can with the list that it was made from.
//!
//! Invariant: no chunk is empty, none is longer than [`MAX_CHUNK`], and two neighbours together are longer than [`CHUNK`]. So a copy of a list of n
//! documents copies about n / 128 pointers at most, and a change copies one or two chunks.

use crate::model::Document;
use crate::repository::query::{Key, Order, Place};
use std::cmp::Ordering;
use std::fmt;
use std::ops::Index;
use std::sync::Arc;

/// Documents in one chunk when a list is made.
const CHUNK: usize = 256;
/// A chunk that grows beyond this is split.
const MAX_CHUNK: usize = 2 * CHUNK;

/// A document at its place.
#[derive(Debug, PartialEq)]
pub(in crate::repository) struct Entry {
    /// Its row in the store.
    pub row: i64,
    /// What the order compares.
    pub keys: Box<[Key]>,
    pub document: Arc<Document>,
}

impl Entry {
    pub fn id(&self) -> &str {
        &self.document.id
    }

    pub fn place(&self) -> Place<'_> {
        Place { keys: &self.keys, row: self.row, id: self.id() }
    }
}

/// The documents of a result, in order. Cheap to clone: copies share their documents.
#[derive(Clone, Default)]
pub struct DocumentList {
    chunks: Vec<Arc<Vec<Arc<Entry>>>>,
    len: usize,
}

impl DocumentList {
    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The document at a place; `None` beyond the end.
    pub fn get(&self, index: usize) -> Option<&Arc<Document>> {
        self.entry(index).map(|entry| &entry.document)
    }

    /// The first document; `None` if the list is empty.
    pub fn first(&self) -> Option<&Arc<Document>> {
        self.get(0)
    }

    /// The last document; `None` if the list is empty.
    pub fn last(&self) -> Option<&Arc<Document>> {
        self.get(self.len.checked_sub(1)?)
    }

    /// The documents, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Document>> + Clone {
        self.entries().map(|entry| &entry.document)
    }

    /// The documents, in order, as a list of their own.
    pub fn to_vec(&self) -> Vec<Arc<Document>> {
        self.iter().cloned().collect()
    }

    pub(in crate::repository) fn from_entries(entries: Vec<Arc<Entry>>) -> Self {
        let len = entries.len();
        let mut entries = entries.into_iter();
        let mut chunks = Vec::with_capacity(len.div_ceil(CHUNK));
        loop {
            let chunk: Vec<_> = entries.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                return Self { chunks, len };
            }
            chunks.push(Arc::new(chunk));
        }
    }

    pub(in crate::repository) fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> + Clone {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).take(self.len)
    }

    pub(in crate::repository) fn entry(&self, index: usize) -> Option<&Arc<Entry>> {
        if index >= self.len {
            return None;
        }
        let (chunk, at) = self.locate(index);
        self.chunks.get(chunk)?.get(at)
    }

    /// The first `len` of these documents.
    pub(super) fn prefix(&self, len: usize) -> Self {
        Self { chunks: self.chunks.clone(), len: self.len.min(len) }
    }

    /// Where an entry is (`Ok`), or where it belongs (`Err`). For a list in this order.
    pub(super) fn search(&self, order: &Order, place: Place<'_>) -> Result<usize, usize> {
        let before = |entry: &Entry| order.compare(entry.place(), place);
        let chunk = self
            .chunks
            .partition_point(|chunk| chunk.last().is_some_and(|last| before(last) == Ordering::Less))
            .min(self.chunks.len().saturating_sub(1));
        let start: usize = self.chunks[..chunk].iter().map(|chunk| chunk.len()).sum();
        let Some(chunk) = self.chunks.get(chunk) else { return Err(0) };
        match chunk.binary_search_by(|entry| before(entry)) {
            Ok(at) => Ok(start + at),
            Err(at) => Err(start + at),
        }
    }

    /// Puts an entry before the one that is at `index` now.
    pub(super) fn insert(&mut self, index: usize, entry: Arc<Entry>) {
        let (chunk, at) = self.locate(index);
        self.len += 1;
        let Some(shared) = self.chunks.get_mut(chunk) else {
            self.chunks.push(Arc::new(vec![entry]));
            return;
        };
        let entries = Arc::make_mut(shared);
        entries.insert(at, entry);
        if entries.len() > MAX_CHUNK {
            let rest = entries.split_off(CHUNK);
            self.chunks.insert(chunk + 1, Arc::new(rest));
        }
    }

    /// Takes out the entry at a place that is within the list.
    pub(super) fn remove(&mut self, index: usize) {
        let (chunk, at) = self.locate(index);
        let Some(shared) = self.chunks.get_mut(chunk) else { return };
        self.len -= 1;
        if shared.len() == 1 {
            self.chunks.remove(chunk);
        } else {
            Arc::make_mut(shared).remove(at);
        }
        self.join(chunk);
        if let Some(before) = chunk.checked_sub(1) {
            self.join(before);
        }
    }

    /// Joins a chunk with the next one if both are short.
    fn join(&mut self, chunk: usize) {
        if let [first, second, ..] = &self.chunks[chunk.min(self.chunks.len())..]
            && first.len() + second.len() <= CHUNK
        {
            let second = self.chunks.remove(chunk + 1);
            Arc::make_mut(&mut self.chunks[chunk]).extend(second.iter().cloned());
        }
    }

    /// The chunk of a place and the place in it. The place behind the last entry is in the last chunk.
    fn locate(&self, index: usize) -> (usize, usize) {
        let mut rest = index;
        for (at, chunk) in self.chunks.iter().enumerate() {
            if rest < chunk.len() || (rest == chunk.len() && at + 1 == self.chunks.len()) {
                return (at, rest);
            }
            rest -= chunk.len();
        }
        (self.chunks.len(), 0)
    }
}

impl Index<usize> for DocumentList {
    type Output = Document;

    /// # Panics
    /// Beyond the end, as a slice does.
    fn index(&self, index: usize) -> &Document {
        let (chunk, at) = self.locate(index);
        assert!(index < self.len, "place {index} is beyond the end of {} documents", self.len);
        &self.chunks[chunk][at].document
    }
}

impl<'a> IntoIterator for &'a DocumentList {
    type Item = &'a Arc<Document>;
    type IntoIter = Box<dyn Iterator<Item = &'a Arc<Document>> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

impl PartialEq for DocumentList {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl Eq for DocumentList {}

impl fmt::Debug for DocumentList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SyncStatus;
    use crate::repository::Direction;
    use proptest::prelude::*;

    fn entry(n: i64) -> Arc<Entry> {
        let document = Document { id: n.to_string(), body: "{}".into(), status: SyncStatus::Synced, version: None };
        Arc::new(Entry { row: n, keys: Box::new([Key::Integer(n)]), document: Arc::new(document) })
    }

    fn ids(list: &DocumentList) -> Vec<i64> {
        list.entries().map(|entry| entry.row).collect()
    }

    proptest! {
        #[test]
        fn a_list_is_what_a_vector_would_be(start in 0i64..1_500, steps in prop::collection::vec((any::<bool>(), any::<u32>()), 0..900)) {
            let mut list = DocumentList::from_entries((0..start).map(entry).collect());
            let mut plain: Vec<i64> = (0..start).collect();
            let before = (list.clone(), plain.clone());
            for (next, (insert, at)) in (start..).zip(steps) {
                if insert {
                    let at = at as usize % (plain.len() + 1);
                    list.insert(at, entry(next));
                    plain.insert(at, next);
                } else if !plain.is_empty() {
                    let at = at as usize % plain.len();
                    list.remove(at);
                    plain.remove(at);
                }
            }
            prop_assert_eq!(ids(&list), plain.clone());
            prop_assert_eq!(list.len(), plain.len());
            prop_assert!((0..plain.len()).all(|at| list[at].id == plain[at].to_string()));
            prop_assert!(list.chunks.iter().all(|chunk| (1..=MAX_CHUNK).contains(&chunk.len())));
            prop_assert!(list.chunks.windows(2).all(|two| two[0].len() + two[1].len() > CHUNK));
            prop_assert_eq!(ids(&before.0), before.1);
        }

        #[test]
        fn search_finds_each_place(rows in prop::collection::btree_set(0i64..2_000, 0..700), probe in 0i64..2_000) {
            let order = Order::new(vec![Direction::Ascending]);
            let plain: Vec<i64> = rows.into_iter().collect();
            let list = DocumentList::from_entries(plain.iter().map(|n| entry(*n)).collect());
            prop_assert_eq!(list.search(&order, entry(probe).place()), plain.binary_search(&probe));
        }
    }
}

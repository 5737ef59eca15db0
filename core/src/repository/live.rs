//! Live queries: a result, and again whenever it changes.
//!
//! Invariants:
//! - Nothing is computed for an observer who is not waiting: a commit only notes which rows changed, and the query runs when the
//!   observer asks for the next snapshot. A slow observer sees the latest state and none of those in between.
//! - A change that can neither enter nor leave nor touch the result does not run the query.
//! - Nothing that an observer was shown last is evicted: looking and evicting take turns.
//! - A snapshot's differences are to the snapshot that this observer got before, so applying them in turn leads to the same list.

use super::difference::{Shown, Snapshot, difference, hash};
use super::query::Compiled;
use super::registry::CollectionInfo;
use crate::device::Device;
use crate::error::{ErrorCode, Result};
use crate::store::Store;
use crate::store::documents::read_document;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::{Notify, RwLock, RwLockWriteGuard};

/// More changed rows than this are not looked at one by one: the query just runs.
const MAX_ROWS: usize = 200;

/// What changed for an observer since it looked last.
#[derive(Debug, Default, PartialEq)]
enum Pending {
    #[default]
    Nothing,
    Rows(Vec<i64>),
    Anything,
}

#[derive(Default)]
struct Subscription {
    pending: Mutex<Pending>,
    changed: Notify,
    closed: std::sync::atomic::AtomicBool,
    /// The rows that were shown last, of a collection that has limits.
    shown: Mutex<Vec<i64>>,
}

/// All observers of a client, by collection.
#[derive(Default)]
pub(crate) struct Watchers {
    observers: Mutex<HashMap<i64, Vec<Weak<Subscription>>>>,
    /// Held to read while a collection with limits is looked at, to write while something is evicted.
    turn: Arc<RwLock<()>>,
}

/// What observers show. While this is held, they look at nothing new.
pub(crate) struct ShownRows<'a> {
    pub rows: HashSet<i64>,
    _turn: RwLockWriteGuard<'a, ()>,
}

impl Watchers {
    pub fn watch(&self, store: Store, device: Arc<Device>, info: Arc<CollectionInfo>, query: Compiled) -> LiveQuery {
        let subscription = Arc::new(Subscription::default());
        let mut observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        let list = observers.entry(info.id).or_default();
        list.retain(|observer| observer.strong_count() > 0);
        list.push(Arc::downgrade(&subscription));
        // The order of the join and the lack of an index are given: the changed rows are looked up, few as they are.
        let any_match = format!(
            "SELECT 1 FROM json_each(?) r CROSS JOIN documents d NOT INDEXED ON d.row = r.value WHERE {} LIMIT 1",
            query.condition
        );
        let turn = info.cache.is_bounded().then(|| self.turn.clone());
        LiveQuery { store, device, info, query, any_match, subscription, turn, shown: None }
    }

    /// Notes changed rows: (collection, row), sorted.
    pub fn publish(&self, rows: &[(i64, i64)]) {
        if rows.is_empty() {
            return;
        }
        let observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        for part in rows.chunk_by(|a, b| a.0 == b.0) {
            for observer in observers.get(&part[0].0).into_iter().flatten().filter_map(Weak::upgrade) {
                observer.note(part);
            }
        }
    }

    /// What the observers of a collection show.
    pub async fn shown(&self, collection: i64) -> ShownRows<'_> {
        let turn = self.turn.write().await;
        let observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = HashSet::new();
        for observer in observers.get(&collection).into_iter().flatten().filter_map(Weak::upgrade) {
            rows.extend(observer.shown.lock().unwrap_or_else(PoisonError::into_inner).iter());
        }
        ShownRows { rows, _turn: turn }
    }

    /// Ends all observers: their next call returns nothing.
    pub fn close(&self) {
        let observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        for observer in observers.values().flatten().filter_map(Weak::upgrade) {
            observer.close();
        }
    }
}

impl Subscription {
    fn note(&self, rows: &[(i64, i64)]) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = match std::mem::take(&mut *pending) {
            Pending::Anything => Pending::Anything,
            Pending::Rows(known) if known.len() + rows.len() > MAX_ROWS => Pending::Anything,
            Pending::Nothing if rows.len() > MAX_ROWS => Pending::Anything,
            Pending::Rows(mut known) => {
                known.extend(rows.iter().map(|(_, row)| *row));
                Pending::Rows(known)
            }
            Pending::Nothing => Pending::Rows(rows.iter().map(|(_, row)| *row).collect()),
        };
        *pending = noted;
        drop(pending);
        self.changed.notify_one();
    }

    fn take(&self) -> Pending {
        std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn close(&self) {
        self.closed.store(true, std::sync::atomic::Ordering::Release);
        self.changed.notify_one();
    }
}

/// A watched query. Dropping it ends the watch.
pub struct LiveQuery {
    store: Store,
    device: Arc<Device>,
    info: Arc<CollectionInfo>,
    query: Compiled,
    /// Whether one of some rows (a JSON list, the first value) is let through by the condition. The same text whatever the rows.
    any_match: String,
    subscription: Arc<Subscription>,
    /// Only where documents may be evicted.
    turn: Option<Arc<RwLock<()>>>,
    shown: Option<Vec<Shown>>,
}

/// Ends a live query from elsewhere.
#[derive(Clone)]
pub struct LiveQueryCloser(Weak<Subscription>);

impl LiveQueryCloser {
    /// Ends the watch: a waiting [`LiveQuery::next`] returns nothing.
    pub fn close(&self) {
        if let Some(subscription) = self.0.upgrade() {
            subscription.close();
        }
    }
}

impl LiveQuery {
    /// The next snapshot: at once the first time, later when the result has changed. None after the watch or the client was closed.
    /// Safe to drop while it waits: nothing is lost.
    ///
    /// # Errors
    /// Those of storage. While the client is suspended this waits.
    pub async fn next(&mut self) -> Option<Result<Snapshot>> {
        loop {
            if self.subscription.closed.load(std::sync::atomic::Ordering::Acquire) {
                return None;
            }
            let refreshed = {
                let turn = self.turn.clone();
                let _turn = match &turn {
                    Some(turn) => Some(turn.read().await),
                    None => None,
                };
                // From here to the end of this block nothing waits, so a call that is given up has taken nothing.
                let pending = self.subscription.take();
                self.refresh(&pending)
            };
            match refreshed {
                Ok(Some(snapshot)) => return Some(Ok(snapshot)),
                Ok(None) => {}
                Err(error) if matches!(error.code(), ErrorCode::Suspended | ErrorCode::Closed) => {
                    // Look again after the next commit; nothing was shown, so nothing is lost.
                    *self.subscription.pending.lock().unwrap_or_else(PoisonError::into_inner) = Pending::Anything;
                    if error.code() == ErrorCode::Closed {
                        return None;
                    }
                }
                Err(error) => return Some(Err(error)),
            }
            self.subscription.changed.notified().await;
        }
    }

    /// A handle that ends this watch from another thread.
    pub fn closer(&self) -> LiveQueryCloser {
        LiveQueryCloser(Arc::downgrade(&self.subscription))
    }

    fn refresh(&mut self, pending: &Pending) -> Result<Option<Snapshot>> {
        let Some(shown) = &self.shown else {
            return self.run().map(Some);
        };
        let affected = match pending {
            Pending::Nothing => false,
            Pending::Anything => true,
            Pending::Rows(_) if self.query.has_offset => true,
            Pending::Rows(rows) => {
                shown.iter().any(|shown| rows.contains(&shown.row))
                    || self.store.read(|connection| self.any_match(connection, rows))?
            }
        };
        if !affected {
            return Ok(None);
        }
        let snapshot = self.run()?;
        let same = snapshot.inserted.is_empty()
            && snapshot.updated.is_empty()
            && snapshot.removed.is_empty()
            && snapshot.moved.is_empty();
        Ok((!same).then_some(snapshot))
    }

    /// Whether one of these rows is let through by the condition now.
    fn any_match(&self, connection: &Connection, rows: &[i64]) -> Result<bool> {
        let list = Sql::Text(format!("[{}]", rows.iter().map(i64::to_string).collect::<Vec<_>>().join(",")));
        let values = std::iter::once(&list).chain(&self.query.values);
        Ok(connection.prepare_cached(&self.any_match)?.exists(params_from_iter(values))?)
    }

    fn run(&mut self) -> Result<Snapshot> {
        let (documents, shown) = self.store.read(|connection| {
            let mut statement = connection.prepare_cached(&self.query.select)?;
            let mut rows = statement.query(params_from_iter(self.query.select_values()))?;
            let (mut documents, mut shown) = (Vec::new(), Vec::new());
            while let Some(row) = rows.next()? {
                let document = read_document(row)?;
                shown.push(Shown { row: row.get(5)?, id: document.id.clone(), hash: hash(&document) });
                documents.push(document);
            }
            Ok((documents, shown))
        })?;
        if self.turn.is_some() {
            *self.subscription.shown.lock().unwrap_or_else(PoisonError::into_inner) =
                shown.iter().map(|shown| shown.row).collect();
            self.info.used(&self.device, documents.iter());
        }
        let mut snapshot = Snapshot { documents, ..Snapshot::default() };
        difference(self.shown.as_deref().unwrap_or_default(), &shown, &mut snapshot);
        self.shown = Some(shown);
        Ok(snapshot)
    }
}

//! All observers of a client: who is told of which change.
//!
//! Invariants:
//! - A commit only notes what changed and wakes; nothing is computed before an observer asks.
//! - While an observer waits, the app is in the foreground and the store is in a directory, another process's commit is noticed within
//!   [`POLL_INTERVAL`]. One observer looks for all of them.
//! - No document that an observer was shown last is evicted: looking and evicting take turns.

use super::list::DocumentList;
use super::notes::Notes;
use crate::platform::Clock;
use crate::store::{ChangedRow, Store};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, RwLock, RwLockWriteGuard, watch};

/// How often commits of other processes are looked for.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// What one observer waits for.
pub(super) struct Subscription {
    notes: Mutex<Notes>,
    pub changed: Notify,
    closed: AtomicBool,
    /// What was shown last, if documents of the collection may be evicted.
    visible: Mutex<DocumentList>,
}

impl Subscription {
    /// A subscription that has yet to look for the first time.
    fn new() -> Self {
        let mut notes = Notes::default();
        notes.anything(0);
        Self {
            notes: Mutex::new(notes),
            changed: Notify::new(),
            closed: AtomicBool::new(false),
            visible: Mutex::default(),
        }
    }

    pub fn with_notes<T>(&self, work: impl FnOnce(&mut Notes) -> T) -> T {
        work(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn show(&self, visible: DocumentList) {
        *self.visible.lock().unwrap_or_else(PoisonError::into_inner) = visible;
    }

    pub fn visible(&self) -> DocumentList {
        self.visible.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.changed.notify_one();
    }
}

/// All observers of a client, by collection. Thread-safe.
pub(crate) struct Watchers {
    observers: Mutex<HashMap<i64, Vec<Weak<Subscription>>>>,
    /// Held to read while a collection with limits is looked at, to write while something is evicted.
    eviction_lock: Arc<RwLock<()>>,
    foreground: watch::Sender<bool>,
    /// Held by the observer that looks for other processes.
    polling: tokio::sync::Mutex<()>,
}

impl Default for Watchers {
    fn default() -> Self {
        Self {
            observers: Mutex::default(),
            eviction_lock: Arc::default(),
            foreground: watch::Sender::new(true),
            polling: tokio::sync::Mutex::default(),
        }
    }
}

/// What observers show. While this is held, they look at nothing new.
pub(crate) struct ShownRows<'a> {
    pub rows: HashSet<i64>,
    _eviction_lock: RwLockWriteGuard<'a, ()>,
}

impl Watchers {
    pub(super) fn subscribe(&self, collection: i64) -> Arc<Subscription> {
        let subscription = Arc::new(Subscription::new());
        let mut observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        let list = observers.entry(collection).or_default();
        list.retain(|observer| observer.strong_count() > 0);
        list.push(Arc::downgrade(&subscription));
        subscription
    }

    pub(super) fn eviction_lock(&self) -> Arc<RwLock<()>> {
        self.eviction_lock.clone()
    }

    /// Notes the rows that a commit is about to change: (collection, row), sorted.
    pub fn note(&self, commit: u64, rows: &[ChangedRow]) {
        self.for_each_collection(rows, |observer, rows| {
            observer.with_notes(|notes| notes.add(commit, rows.iter().map(|(_, row)| *row)));
        });
    }

    /// Wakes the observers of collections that a commit has changed.
    pub fn wake(&self, rows: &[ChangedRow]) {
        self.for_each_collection(rows, |observer, _| observer.changed.notify_one());
    }

    /// Wakes all observers: anything may have changed.
    pub fn wake_all(&self) {
        let observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        for observer in observers.values().flatten().filter_map(Weak::upgrade) {
            observer.with_notes(|notes| notes.anything(0));
            observer.changed.notify_one();
        }
    }

    /// Tells whether the user sees the app: only then other processes are looked for.
    pub fn set_foreground(&self, foreground: bool) {
        self.foreground.send_if_modified(|now| std::mem::replace(now, foreground) != foreground);
    }

    /// Looks for commits of other processes again and again; never returns. Of all that wait here one works.
    pub(super) async fn poll_other_processes(&self, store: &Store, clock: &dyn Clock) {
        if !store.is_shared() {
            return std::future::pending().await;
        }
        let _only_one = self.polling.lock().await;
        let mut foreground = self.foreground.subscribe();
        loop {
            // The sender lives as long as this.
            let _ = foreground.wait_for(|yes| *yes).await;
            clock.sleep(POLL_INTERVAL).await;
            if *self.foreground.borrow() {
                store.look_for_other_processes();
            }
        }
    }

    /// What the observers of a collection show.
    pub async fn shown(&self, collection: i64) -> ShownRows<'_> {
        let lock = self.eviction_lock.write().await;
        let observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = HashSet::new();
        for observer in observers.get(&collection).into_iter().flatten().filter_map(Weak::upgrade) {
            rows.extend(observer.visible().entries().map(|entry| entry.row));
        }
        ShownRows { rows, _eviction_lock: lock }
    }

    /// Ends all observers: their next call returns nothing.
    pub fn close(&self) {
        let observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        for observer in observers.values().flatten().filter_map(Weak::upgrade) {
            observer.close();
        }
    }

    fn for_each_collection(&self, rows: &[ChangedRow], mut each: impl FnMut(&Subscription, &[ChangedRow])) {
        if rows.is_empty() {
            return;
        }
        let observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        for part in rows.chunk_by(|a, b| a.0 == b.0) {
            for observer in observers.get(&part[0].0).into_iter().flatten().filter_map(Weak::upgrade) {
                each(&observer, part);
            }
        }
    }
}

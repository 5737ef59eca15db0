//! All observers of a client: who is told of which change.
//!
//! Invariants:
//! - A commit only notes what changed, once for each collection, and wakes those who wait; nothing is computed before an observer asks. So
//!   observers that do not wait cost a commit nothing.
//! - While an observer waits, the app is in the foreground and the store is in a directory, another process's commit is noticed within
//!   [`POLL_INTERVAL`]. One observer looks for all of them.
//! - No document that an observer was shown last is evicted: looking and evicting take turns.

use super::list::DocumentList;
use super::notes::{ChangeLog, Changed};
use crate::platform::Clock;
use crate::store::{ChangedRow, Store};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, RwLock, RwLockWriteGuard, watch};

/// How often commits of other processes are looked for.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// What the observers of one collection share.
struct Observed {
    inner: Mutex<ObservedState>,
    /// How many commits have changed the collection.
    commits: watch::Sender<u64>,
}

#[derive(Default)]
struct ObservedState {
    log: ChangeLog,
    observers: Vec<Weak<Subscription>>,
}

impl Observed {
    fn locked(&self) -> MutexGuard<'_, ObservedState> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ObservedState {
    fn observers(&self) -> impl Iterator<Item = Arc<Subscription>> + '_ {
        self.observers.iter().filter_map(Weak::upgrade)
    }

    fn note(&mut self, commit: u64, rows: &[ChangedRow]) {
        let Self { log, observers } = self;
        if observers.iter().all(|observer| observer.strong_count() == 0) {
            // One that comes before this commit is over does not have it in its first snapshot.
            observers.clear();
            return log.drop_up_to(commit);
        }
        let all_have_seen = || observers.iter().filter_map(Weak::upgrade).map(|one| one.locked().seen).min();
        log.add(commit, rows.iter().map(|(_, row)| *row), || all_have_seen().unwrap_or(commit));
    }
}

/// What one observer has seen and waits for.
pub(super) struct Subscription {
    observed: Arc<Observed>,
    looks: Mutex<Looks>,
    /// It was asked to look at everything, or closed.
    pub asked: Notify,
    closed: AtomicBool,
    /// What was shown last, if documents of the collection may be evicted.
    visible: Mutex<DocumentList>,
}

#[derive(Debug, Clone, Copy)]
struct Looks {
    /// It has seen all commits up to this one.
    seen: u64,
    /// How often it was asked to look at everything, the first look included, and how many of these looks are done.
    asked: u64,
    answered: u64,
}

/// What an observer has to look at.
pub(super) struct News {
    pub changed: Changed,
    asked: u64,
}

impl Subscription {
    /// A subscription that has yet to look for the first time.
    fn new(observed: Arc<Observed>) -> Self {
        Self {
            observed,
            looks: Mutex::new(Looks { seen: 0, asked: 1, answered: 0 }),
            asked: Notify::new(),
            closed: AtomicBool::new(false),
            visible: Mutex::default(),
        }
    }

    /// What to look at; `None`: nothing has changed. What it says covers a snapshot that stood before this call.
    pub fn news(&self) -> Option<News> {
        let Looks { seen, asked, answered } = *self.locked();
        let changed = if asked > answered { Some(Changed::Anything) } else { self.observed.locked().log.since(seen) };
        changed.map(|changed| News { changed, asked })
    }

    /// The news were looked at in a snapshot that has all commits up to `decided`.
    pub fn looked_at(&self, news: &News, decided: u64) {
        let mut looks = self.locked();
        looks.seen = looks.seen.max(decided);
        looks.answered = news.asked;
    }

    /// Asks the observer to look at everything.
    pub fn ask(&self) {
        self.locked().asked += 1;
        self.asked.notify_one();
    }

    /// Tells of commits that have changed the collection.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.observed.commits.subscribe()
    }

    fn locked(&self) -> MutexGuard<'_, Looks> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.asked.notify_one();
    }
}

/// All observers of a client, by collection. Thread-safe.
pub(crate) struct Watchers {
    collections: Mutex<HashMap<i64, Arc<Observed>>>,
    /// Held to read while a collection with limits is looked at, to write while something is evicted.
    eviction_lock: Arc<RwLock<()>>,
    foreground: watch::Sender<bool>,
    /// Held by the observer that looks for other processes.
    polling: tokio::sync::Mutex<()>,
}

impl Default for Watchers {
    fn default() -> Self {
        Self {
            collections: Mutex::default(),
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
        let new = || Arc::new(Observed { inner: Mutex::default(), commits: watch::Sender::new(0) });
        let observed = self.locked().entry(collection).or_insert_with(new).clone();
        let subscription = Arc::new(Subscription::new(observed.clone()));
        let mut state = observed.locked();
        state.observers.retain(|observer| observer.strong_count() > 0);
        state.observers.push(Arc::downgrade(&subscription));
        drop(state);
        subscription
    }

    pub(super) fn eviction_lock(&self) -> Arc<RwLock<()>> {
        self.eviction_lock.clone()
    }

    /// Notes the rows that a commit is about to change: (collection, row), sorted.
    pub fn note(&self, commit: u64, rows: &[ChangedRow]) {
        self.for_each_collection(rows, |observed, rows| observed.locked().note(commit, rows));
    }

    /// Wakes the observers of collections that a commit has changed.
    pub fn wake(&self, rows: &[ChangedRow]) {
        self.for_each_collection(rows, |observed, _| observed.commits.send_modify(|commits| *commits += 1));
    }

    /// Wakes all observers: anything may have changed.
    pub fn wake_all(&self) {
        self.for_each_observer(Subscription::ask);
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
        let observed = self.locked().get(&collection).cloned();
        let mut rows = HashSet::new();
        if let Some(observed) = observed {
            for observer in observed.locked().observers() {
                rows.extend(observer.visible().entries().map(|entry| entry.row));
            }
        }
        ShownRows { rows, _eviction_lock: lock }
    }

    /// Ends all observers: their next call returns nothing.
    pub fn close(&self) {
        self.for_each_observer(Subscription::close);
    }

    fn for_each_observer(&self, each: impl Fn(&Subscription)) {
        for observed in self.locked().values() {
            observed.locked().observers().for_each(|observer| each(&observer));
        }
    }

    fn for_each_collection(&self, rows: &[ChangedRow], each: impl Fn(&Observed, &[ChangedRow])) {
        if rows.is_empty() {
            return;
        }
        let collections = self.locked();
        if collections.is_empty() {
            return;
        }
        for part in rows.chunk_by(|a, b| a.0 == b.0) {
            if let Some(observed) = collections.get(&part[0].0) {
                each(observed, part);
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<i64, Arc<Observed>>> {
        self.collections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

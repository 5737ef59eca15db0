//! The loop that all live reads share: wait for a change, look at it in one snapshot, show what is different.
//!
//! Invariants:
//! - An observer that is slow sees the latest state and none of those in between.
//! - A look is one read transaction. If it fails, what it was to look at is looked at again.
//! - Dropping a future of [`Observation::next`] loses nothing: between reading the news and giving the result nothing waits.

use super::list::DocumentList;
use super::notes::Changed;
use super::watchers::Subscription;
use crate::error::{ErrorCode, Result};
use crate::repository::context::RepositoryContext;
use crate::repository::registry::CollectionInfo;
use futures_util::FutureExt;
use rusqlite::Connection;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{RwLock, watch};

/// How long an observer waits after a read has failed, if nothing changes meanwhile.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What waits for changes of one collection.
pub(super) struct Observation {
    context: Arc<RepositoryContext>,
    info: Arc<CollectionInfo>,
    subscription: Arc<Subscription>,
    /// Tells of commits that have changed the collection.
    commits: watch::Receiver<u64>,
    /// Only where documents may be evicted.
    eviction_lock: Option<Arc<RwLock<()>>>,
    failed: bool,
}

/// A result that an observer gets.
pub(super) trait Shown {
    /// The documents that it shows, and the ids of those that are new or changed in it; `None` if it shows none.
    fn documents(&self) -> Option<(&DocumentList, [&[String]; 2])>;
}

/// Ends a live query from another task or thread. Does not keep it alive.
#[derive(Clone)]
pub struct LiveQueryCloser(Weak<Subscription>);

impl LiveQueryCloser {
    /// Ends the live query: a waiting `next` returns `None`. Returns at once.
    pub fn close(&self) {
        if let Some(subscription) = self.0.upgrade() {
            subscription.close();
        }
    }
}

impl Observation {
    pub fn new(context: Arc<RepositoryContext>, info: Arc<CollectionInfo>) -> Self {
        let subscription = context.watchers.subscribe(info.id);
        let eviction_lock = info.cache.is_bounded().then(|| context.watchers.eviction_lock());
        let commits = subscription.commits();
        Self { context, info, subscription, commits, eviction_lock, failed: false }
    }

    pub fn subscription(&self) -> Weak<Subscription> {
        Arc::downgrade(&self.subscription)
    }

    pub fn closer(&self) -> LiveQueryCloser {
        LiveQueryCloser(Arc::downgrade(&self.subscription))
    }

    /// Calls `look` when something has changed, the first time at once, until it gives a result. `None` after the observer or the client was
    /// closed.
    pub async fn next<T: Shown>(
        &mut self,
        mut look: impl FnMut(&Connection, &Changed) -> Result<Option<T>>,
    ) -> Option<Result<T>> {
        loop {
            if self.subscription.is_closed() {
                return None;
            }
            if self.failed {
                self.failed = false;
                self.wait(Some(RETRY_AFTER)).await;
                continue;
            }
            // A wake from before the look is answered by it.
            let _ = self.subscription.asked.notified().now_or_never();
            self.commits.mark_unchanged();
            let looked = {
                let _turn = match &self.eviction_lock {
                    Some(lock) => Some(lock.read().await),
                    None => None,
                };
                let looked = self.look(&mut look);
                if let Ok(Some(result)) = &looked {
                    self.show(result);
                }
                looked
            };
            match looked {
                Ok(Some(shown)) => return Some(Ok(shown)),
                Ok(None) => {}
                Err(error) if error.code() == ErrorCode::Closed => return None,
                // The client wakes every observer when it is resumed.
                Err(error) if error.code() == ErrorCode::Suspended => {}
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error));
                }
            }
            self.wait(None).await;
        }
    }

    fn look<T>(&self, look: &mut impl FnMut(&Connection, &Changed) -> Result<Option<T>>) -> Result<Option<T>> {
        if self.subscription.news().is_none() {
            return Ok(None);
        }
        let store = &self.context.store;
        let decided = store.decided();
        store.read(|connection| {
            // From here on the snapshot stands.
            let Some(news) = self.subscription.news() else { return Ok(None) };
            let looked = look(connection, &news.changed)?;
            self.subscription.looked_at(&news, decided);
            Ok(looked)
        })
    }

    /// Waits until something has changed, or for this long.
    async fn wait(&mut self, at_most: Option<Duration>) {
        let (store, clock) = (&self.context.store, &self.context.device.clock);
        let over = async {
            match at_most {
                Some(wait) => clock.sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.subscription.asked.notified() => {}
            // An error: no sender, which lives as long as the subscription.
            _ = self.commits.changed() => {}
            () = over => {}
            () = self.context.watchers.poll_other_processes(store, clock.as_ref()) => {}
        }
    }

    /// Notes what is shown, so that it is not evicted, and that the changed part of it was used.
    fn show(&self, result: &impl Shown) {
        if self.eviction_lock.is_some()
            && let Some((visible, changed)) = result.documents()
        {
            self.subscription.show(visible.clone());
            for id in changed.into_iter().flatten() {
                self.info.used_id(&self.context.device, id);
            }
        }
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        // It was in use until now.
        let visible = self.subscription.visible();
        self.info.used(&self.context.device, visible.iter().map(AsRef::as_ref));
    }
}

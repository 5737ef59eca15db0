//! Small cycles: reading only what a caller waits for.
//!
//! Invariants:
//! - Nothing is sent. Waiting writes stay with their own schedule.
//! - Collections that are asked for at the same time share their requests; who asks for the same thing shares the answer.
//! - What a server has asked to wait for is waited for: until then every caller gets that failure without a request.

use super::evict::evict;
use super::pages::keep_heads;
use super::pull::Puller;
use super::requests::{RequestHistory, Requests, Stop, check_network};
use super::scope::Scope;
use super::server_time::observe_server_time;
use crate::backend::FetchRequest;
use crate::error::{Error, ErrorCode, Result};
use crate::net::SyncReason;
use crate::outbox::Source;
use crate::repository::RefreshKey;
use crate::store::conflicts::{self, Unstamped};
use crate::store::server_ids;
use crate::sync::apply::Reconciler;
use crate::sync::deps::EngineDeps;
use futures_util::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// So many single documents are asked for at the same time.
const AT_ONCE: usize = 4;
/// So many conflicts are looked up in one cycle.
const MOST_DATED: u32 = 8;

/// Who is told what came of a refresh.
pub(in crate::sync) type RefreshWaiter = oneshot::Sender<Result<()>>;

/// Things that are waited for, and by whom.
#[derive(Default)]
pub(in crate::sync) struct RefreshQueue(BTreeMap<RefreshKey, Vec<RefreshWaiter>>);

/// What came of each thing.
pub(in crate::sync) type Answers = BTreeMap<RefreshKey, Result<()>>;

impl RefreshQueue {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn add(&mut self, key: RefreshKey, waiter: RefreshWaiter) {
        self.0.entry(key).or_default().push(waiter);
    }

    pub fn keys(&self) -> Vec<RefreshKey> {
        self.0.keys().cloned().collect()
    }

    /// Gives every waiter the result of its refresh, or why there is none.
    pub fn tell(self, outcome: &Result<Answers>) {
        for (key, waiters) in self.0 {
            let answer = match outcome {
                Ok(answers) => {
                    answers.get(&key).cloned().unwrap_or_else(|| Err(Error::internal("a key was forgotten")))
                }
                Err(error) => Err(error.clone()),
            };
            for waiter in waiters {
                // The receiver was dropped: the caller no longer waits.
                let _ = waiter.send(answer.clone());
            }
        }
    }
}

/// Reads single collections and documents.
pub(in crate::sync) struct Refresher {
    deps: Arc<EngineDeps>,
    /// Conflicts whose documents were asked for already, because nothing told when the server's side was written.
    looked_up: HashSet<Unstamped>,
}

impl Refresher {
    pub fn new(deps: Arc<EngineDeps>) -> Self {
        Self { deps, looked_up: HashSet::new() }
    }

    /// Asks when the server's sides of open conflicts were written: a page does not say, and a decision may be about who was later. Each is asked
    /// for once in a process.
    pub async fn date_conflicts(&mut self, requests: &mut Requests<'_>) -> Result<(), Stop> {
        let unstamped = self.deps.store.read(|connection| conflicts::without_stamps(connection, MOST_DATED))?;
        for conflict in unstamped {
            if !self.looked_up.insert(conflict.clone()) {
                continue;
            }
            requests.take_time()?;
            let request = self.request(&conflict.collection, &conflict.doc_id)?;
            let Ok(reply) = requests.send(self.deps.backend.fetch(request)).await? else { return Ok(()) };
            observe_server_time(&self.deps, reply.server_time).await?;
            let Some(stamps) = reply.change.stamps.filter(|_| reply.change.version == conflict.version) else {
                continue;
            };
            self.deps.store.write(move |tx| conflicts::keep_stamps(tx, &conflict, &stamps)).await?;
        }
        Ok(())
    }

    fn request(&self, collection: &str, id: &str) -> Result<FetchRequest> {
        let remote = self.deps.store.read(|connection| server_ids::remote_in(connection, collection, id))?;
        let id = remote.unwrap_or_else(|| id.to_owned());
        Ok(FetchRequest { collection: collection.to_owned(), id, context: SyncReason::User })
    }

    /// Reads what is asked for. Cancelling it (dropping the future) leaves streams that the next reading goes on from.
    pub async fn run(&self, puller: &mut Puller, requests: &mut Requests<'_>, keys: Vec<RefreshKey>) -> Answers {
        let mut answers = Answers::new();
        let (collections, documents): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| key.id.is_none());
        if !collections.is_empty() {
            let names = collections.iter().map(|key| key.collection.clone()).collect();
            let outcome = self.read_streams(puller, requests, names).await;
            answers.extend(collections.into_iter().map(|key| (key, outcome.clone())));
        }
        let history = requests.history;
        let reads = documents.into_iter().map(|key| async move {
            let outcome = self.read_document(history, &key).await;
            (key, outcome)
        });
        answers.extend(stream::iter(reads).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await);
        answers
    }

    async fn read_streams(
        &self,
        puller: &mut Puller,
        requests: &mut Requests<'_>,
        names: BTreeSet<String>,
    ) -> Result<()> {
        check_network(&self.deps)?;
        let pulled = puller.run(requests, &Scope::Only(names)).await;
        if !pulled.heads.is_empty() {
            keep_heads(&self.deps, &pulled.heads).await?;
            evict(&self.deps).await?;
        }
        pulled.end.map_err(Stop::into_error)?;
        requests.history.progressed();
        match pulled.set_aside.iter().find(|aside| aside.doc_id.is_none()) {
            Some(refused) => Err(refused.error.clone()),
            None => Ok(()),
        }
    }

    async fn read_document(&self, history: &RequestHistory, key: &RefreshKey) -> Result<()> {
        check_network(&self.deps)?;
        let (collection, id) = (key.collection.clone(), key.id.clone().unwrap_or_default());
        let request = self.request(&collection, &id)?;
        history.admit(self.deps.device.clock.monotonic())?;
        let reply = self.deps.backend.fetch(request).await.map_err(|error| {
            history.failed(&error);
            Stop::from(error).into_error()
        })?;
        observe_server_time(&self.deps, reply.server_time).await?;
        // Before it comes, not after: it must not be the one that goes.
        evict(&self.deps).await?;
        let (device, registry) = (self.deps.device.clone(), self.deps.registry.clone());
        self.deps
            .store
            .write(move |tx| {
                let info = registry.ensure_in(tx, &collection)?;
                let mut reconciler = Reconciler::open(tx, &device, &info)?;
                reconciler.apply(&reply.change, Source::State)?;
                reconciler.close().map(drop)
            })
            .await?;
        history.progressed();
        Ok(())
    }
}

/// The wait that a server has asked for.
#[derive(Debug, Default)]
pub(in crate::sync) struct Throttle(Option<(Duration, Error)>);

impl Throttle {
    /// Takes in how an exchange ended.
    pub fn note(&mut self, now: Duration, outcome: Option<&Error>) {
        match outcome {
            Some(error @ Error::Busy { retry_after: Some(wait), .. }) => self.0 = Some((now + *wait, error.clone())),
            Some(_) => {}
            None => self.0 = None,
        }
    }

    /// Why nothing may be asked now; the wait that is left is in it.
    pub fn reason(&self, now: Duration) -> Option<Error> {
        let (until, error) = self.0.as_ref()?;
        let left = until.checked_sub(now).filter(|left| !left.is_zero())?;
        match error {
            Error::Busy { code, message, .. } => {
                Some(Error::Busy { code: *code, message: message.clone(), retry_after: Some(left) })
            }
            _ => None,
        }
    }
}

/// The failure of what a pause has stopped.
pub(in crate::sync) fn suspended() -> Error {
    Error::state(ErrorCode::Suspended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_asks_for_time_gets_it_and_a_success_ends_the_wait() {
        let second = Duration::from_secs(1);
        let busy = Error::Busy { code: ErrorCode::RateLimited, message: String::new(), retry_after: Some(second * 10) };
        let mut throttle = Throttle::default();
        throttle.note(second, Some(&busy));
        throttle.note(second * 2, Some(&Error::network(ErrorCode::Timeout, "")));
        let Some(Error::Busy { retry_after, .. }) = throttle.reason(second * 4) else { panic!("it must throttle") };
        assert_eq!(retry_after, Some(second * 7));
        assert_eq!(throttle.reason(second * 11), None);
        throttle.note(second, Some(&busy));
        throttle.note(second, None);
        assert_eq!(throttle.reason(second * 2), None);
    }
}

//! Streams: objects that are asked for the next element, so that a slow host is never flooded.

use crate::error::Result;
use crate::pack;
use crate::records::FfiSyncState;
use crate::runtime::run;
use holm_core::{LiveQuery, LiveQueryCloser, Snapshot, StateWatch};
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// A live query's result and what is different from the one before. The differences are ids.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FfiSnapshot {
    /// The whole result, packed.
    pub documents: Vec<u8>,
    /// New.
    pub inserted: Vec<String>,
    /// With another content or status.
    pub updated: Vec<String>,
    /// Gone.
    pub removed: Vec<String>,
    /// At another place.
    pub moved: Vec<String>,
}

impl From<Snapshot> for FfiSnapshot {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            documents: pack::documents(snapshot.documents.iter().map(AsRef::as_ref)),
            inserted: snapshot.inserted,
            updated: snapshot.updated,
            removed: snapshot.removed,
            moved: snapshot.moved,
        }
    }
}

/// A watched query. One caller asks at a time.
#[derive(uniffi::Object)]
pub struct FfiLiveQuery {
    live: Arc<Mutex<LiveQuery>>,
    closer: LiveQueryCloser,
}

impl FfiLiveQuery {
    pub(crate) fn new(live: LiveQuery) -> Arc<Self> {
        Arc::new(Self { closer: live.closer(), live: Arc::new(Mutex::new(live)) })
    }
}

#[uniffi::export]
impl FfiLiveQuery {
    /// The next snapshot; none after [`close`](Self::close) or when the client is closed.
    pub async fn next(&self) -> Result<Option<FfiSnapshot>> {
        let live = self.live.clone();
        let snapshot = run(async move { live.lock().await.next().await.transpose() }).await?;
        Ok(snapshot.map(Into::into))
    }

    /// Ends the watch: a waiting `next` returns nothing. Returns at once.
    pub fn close(&self) {
        self.closer.close();
    }
}

/// A watch on the client's state. One caller asks at a time.
#[derive(uniffi::Object)]
pub struct FfiStateWatch {
    watch: Arc<Mutex<StateWatch>>,
    closed: CancellationToken,
}

impl FfiStateWatch {
    pub(crate) fn new(watch: StateWatch) -> Arc<Self> {
        Arc::new(Self { watch: Arc::new(Mutex::new(watch)), closed: CancellationToken::new() })
    }
}

#[uniffi::export]
impl FfiStateWatch {
    /// The next state; none after [`close`](Self::close) or when the client is closed.
    pub async fn next(&self) -> Result<Option<FfiSyncState>> {
        let (watch, closed) = (self.watch.clone(), self.closed.clone());
        let state = run(async move {
            tokio::select! {
                biased;
                () = closed.cancelled() => Ok(None),
                state = async { watch.lock().await.next().await } => state.transpose(),
            }
        });
        Ok(state.await?.map(Into::into))
    }

    /// Ends the watch: a waiting `next` returns nothing. Returns at once.
    pub fn close(&self) {
        self.closed.cancel();
    }
}

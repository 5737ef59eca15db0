//! Reads under a cache policy.

use crate::error::{FfiFailure, Result};
use crate::pack;
use crate::runtime::run;
use holm_core::{CachePolicy, Document, Fetch, Fetched, Origin, Refresh};
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// Where a read takes its result from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
#[allow(missing_docs)] // As in the core's `CachePolicy`.
pub enum FfiCachePolicy {
    CacheOnly,
    NetworkOnly,
    CacheFirst,
    NetworkFirst,
    CacheAndNetwork,
}

impl From<FfiCachePolicy> for CachePolicy {
    fn from(policy: FfiCachePolicy) -> Self {
        match policy {
            FfiCachePolicy::CacheOnly => Self::CacheOnly,
            FfiCachePolicy::NetworkOnly => Self::NetworkOnly,
            FfiCachePolicy::CacheFirst => Self::CacheFirst,
            FfiCachePolicy::NetworkFirst => Self::NetworkFirst,
            FfiCachePolicy::CacheAndNetwork => Self::CacheAndNetwork,
        }
    }
}

/// Where a result comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FfiOrigin {
    /// From here.
    Cache,
    /// The server has just been asked.
    Network,
}

/// What becomes of a result.
#[derive(Debug, Clone, PartialEq, uniffi::Enum)]
pub enum FfiRefresh {
    /// Nothing is under way.
    Idle,
    /// The server is being asked; the next call of `next` tells what comes of it.
    Running,
    /// The server was asked, and this came of it: the result is what stands in.
    Failed {
        /// Why.
        failure: FfiFailure,
    },
}

/// One result of a read.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct FfiFetched {
    /// Packed documents; for a single one a list of one, or an empty one if it is nowhere.
    pub documents: Vec<u8>,
    /// Where they come from.
    pub origin: FfiOrigin,
    /// How long ago the server had it so, ms. `None` if the server was never asked.
    pub age_ms: Option<u64>,
    /// Whether it may be out of date.
    pub stale: bool,
    /// Whether documents of the collection have lost their content to a limit.
    pub partial: bool,
    /// What becomes of it.
    pub refresh: FfiRefresh,
}

impl<T: AsRef<[Document]>> From<Fetched<T>> for FfiFetched {
    fn from(fetched: Fetched<T>) -> Self {
        Self {
            documents: pack::documents(fetched.value.as_ref().iter()),
            origin: match fetched.origin {
                Origin::Cache => FfiOrigin::Cache,
                Origin::Network => FfiOrigin::Network,
            },
            age_ms: fetched.age.map(|age| age.as_millis() as u64),
            stale: fetched.stale,
            partial: fetched.partial,
            refresh: match fetched.refresh {
                Refresh::None => FfiRefresh::Idle,
                Refresh::Running => FfiRefresh::Running,
                Refresh::Failed(error) => FfiRefresh::Failed { failure: error.into() },
            },
        }
    }
}

enum Read {
    Document(Fetch<Option<Document>>),
    Query(Fetch<Vec<Document>>),
}

impl Read {
    async fn next(&mut self) -> holm_core::Result<Option<FfiFetched>> {
        Ok(match self {
            Self::Document(fetch) => fetch.next().await.transpose()?.map(|fetched| {
                let Fetched { value, origin, age, stale, partial, refresh } = fetched;
                Fetched { value: value.into_iter().collect::<Vec<_>>(), origin, age, stale, partial, refresh }.into()
            }),
            Self::Query(fetch) => fetch.next().await.transpose()?.map(Into::into),
        })
    }
}

/// A read under a cache policy. Nothing happens before the first `next`. One caller asks at a time.
#[derive(uniffi::Object)]
pub struct FfiFetch {
    read: Arc<Mutex<Read>>,
    closed: CancellationToken,
}

impl FfiFetch {
    fn new(read: Read) -> Arc<Self> {
        Arc::new(Self { read: Arc::new(Mutex::new(read)), closed: CancellationToken::new() })
    }

    pub(crate) fn document(fetch: Fetch<Option<Document>>) -> Arc<Self> {
        Self::new(Read::Document(fetch))
    }

    pub(crate) fn query(fetch: Fetch<Vec<Document>>) -> Arc<Self> {
        Self::new(Read::Query(fetch))
    }
}

#[uniffi::export]
impl FfiFetch {
    /// The next result. `None` if that was all, or if [`close`](Self::close) was called. Dropping the future gives up waiting, not
    /// the refresh.
    pub async fn next(&self) -> Result<Option<FfiFetched>> {
        let (read, closed) = (self.read.clone(), self.closed.clone());
        run(async move {
            tokio::select! {
                biased;
                () = closed.cancelled() => Ok(None),
                fetched = async { read.lock().await.next().await } => fetched,
            }
        })
        .await
    }

    /// Ends the read: a waiting `next` returns nothing. A refresh that it has begun goes on. Returns at once.
    pub fn close(&self) {
        self.closed.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{FfiCacheConfig, FfiCollectionConfig, FfiConfig, FfiConflictStrategy, FfiDurability};
    use crate::error::FfiError;
    use crate::holm::FfiHolm;
    use crate::runtime::runtime;
    use crate::testing::{FfiFault, FfiTestDevice};

    fn config(server: Option<&str>) -> FfiConfig {
        let cache = FfiCacheConfig {
            policy: FfiCachePolicy::CacheAndNetwork,
            ttl_ms: 0,
            refresh_after_ms: None,
            max_documents: Some(10),
            max_bytes: None,
        };
        FfiConfig {
            directory: None,
            server: server.map(str::to_owned),
            collections: vec![FfiCollectionConfig {
                name: "tasks".into(),
                conflict: FfiConflictStrategy::Merge,
                rules: Default::default(),
                list_keys: Default::default(),
                references: Default::default(),
                indexes: Vec::new(),
                cache: Some(cache),
                consistency: None,
                resolver: None,
            }],
            durability: FfiDurability::Full,
            auto_sync: false,
            debounce_ms: 0,
            interval_ms: 900_000,
            foreground_interval_ms: 5_000,
            foreground_metered_interval_ms: 30_000,
            low_power_factor: 4,
            ordered: false,
            row_cache_bytes: 0,
        }
    }

    #[test]
    fn a_fetch_gives_what_is_here_then_why_the_refresh_failed_then_nothing() {
        runtime().unwrap().block_on(async {
            let device = FfiTestDevice::new(1_800_000_000_000).unwrap();
            device.fail(FfiFault::Unreachable, None).unwrap();
            let holm = FfiHolm::open(config(Some("http://server")), None, None, Some(device)).await.unwrap();
            holm.set_token("token".into()).unwrap();
            let tasks = holm.collection("tasks".into()).unwrap();
            tasks.create(Some("d".into()), r#"{"n":1}"#.into(), None).await.unwrap();
            tasks.pin("d".into()).await.unwrap();
            // The policy is the collection's.
            let fetch = tasks.fetch("d".into(), None).unwrap();
            let first = fetch.next().await.unwrap().unwrap();
            assert_eq!(
                String::from_utf8(first.documents).unwrap(),
                r#"[{"s":"pendingCreate","v":null,"d":{"id":"d","n":1}}]"#
            );
            assert_eq!((first.origin, first.age_ms, first.stale), (FfiOrigin::Cache, None, true));
            assert_eq!(first.refresh, FfiRefresh::Running);
            let note = fetch.next().await.unwrap().unwrap();
            let FfiRefresh::Failed { failure } = note.refresh else { panic!("{note:?}") };
            assert_eq!((failure.code.as_str(), failure.retryable), ("OFFLINE", true));
            assert_eq!(fetch.next().await.unwrap(), None);
            tasks.unpin("d".into()).await.unwrap();
            assert_eq!(holm.stats().unwrap().failed_refreshes, 1);
        });
    }

    #[test]
    fn without_a_server_only_what_is_here_can_be_read_and_a_closed_fetch_ends() {
        runtime().unwrap().block_on(async {
            let holm = FfiHolm::open(config(None), None, None, None).await.unwrap();
            let tasks = holm.collection("tasks".into()).unwrap();
            let fetch = tasks.fetch_query("{}".into(), None).unwrap();
            assert_eq!(fetch.next().await.unwrap().unwrap().documents, b"[]");
            assert_eq!(fetch.next().await.unwrap(), None);
            let fetch = tasks.fetch("d".into(), Some(FfiCachePolicy::NetworkOnly)).unwrap();
            let FfiError::Failure { code, .. } = fetch.next().await.unwrap_err();
            assert_eq!(code, "INVALID_CONFIG");
            let fetch = tasks.fetch("d".into(), None).unwrap();
            fetch.close();
            assert_eq!(fetch.next().await.unwrap(), None);
        });
    }
}

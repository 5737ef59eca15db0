//! The executor against a thing that is no collection, on paused time: the whole table, and what holds besides.

use super::executor::Executor;
use super::fetch::{Fetched, Origin, Refresh};
use super::policy::{CacheConfig, CachePolicy};
use super::resource::{Cached, Completeness, Resource};
use crate::error::{Error, ErrorCode, Result};
use crate::platform::{Clock, Sleep};
use async_trait::async_trait;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// A refresh takes so long.
const TRIP: Duration = Duration::from_secs(30);

struct Paused(Instant);

impl Clock for Paused {
    fn wall_ms(&self) -> i64 {
        0
    }
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

fn executor() -> Executor {
    Executor::new(Arc::new(Paused(Instant::now())))
}

/// A number that the network knows better. Clones are the same thing.
#[derive(Clone)]
struct Number(Arc<Inner>);

struct Inner {
    config: CacheConfig,
    here: Mutex<Option<(u32, Duration)>>,
    there: Result<u32>,
    asked: AtomicU64,
}

impl Number {
    fn new(here: Option<(u32, Duration)>, there: Result<u32>) -> Self {
        let config = CacheConfig { refresh_after: Some(Duration::from_secs(120)), ..CacheConfig::default() };
        Self(Arc::new(Inner { config, here: Mutex::new(here), there, asked: AtomicU64::new(0) }))
    }

    fn asked(&self) -> u64 {
        self.0.asked.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Resource for Number {
    type Value = u32;

    fn key(&self) -> Result<String> {
        Ok("number".into())
    }

    fn config(&self) -> &CacheConfig {
        &self.0.config
    }

    fn cached(&self) -> Result<Cached<u32>> {
        let here = *self.0.here.lock().unwrap();
        let found = if here.is_some() { Completeness::All } else { Completeness::Nothing };
        let (value, age) = here.map_or((0, None), |(value, age)| (value, Some(age)));
        Ok(Cached { value, found, age, trusted: true, partial: false })
    }

    async fn refresh(&self) -> Result<()> {
        self.0.asked.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(TRIP).await;
        let fresh = self.0.there.clone()?;
        *self.0.here.lock().unwrap() = Some((fresh, Duration::ZERO));
        Ok(())
    }
}

/// A result in short: `c1` from the cache, `n2` from the network; `~` stale, `+` a refresh is running, `x` it has failed.
fn short(fetched: &Fetched<u32>) -> String {
    let origin = if fetched.origin == Origin::Cache { "c" } else { "n" };
    let stale = if fetched.stale { "~" } else { "" };
    let refresh = match fetched.refresh {
        Refresh::None => "",
        Refresh::Running => "+",
        Refresh::Failed(_) => "x",
    };
    format!("{origin}{}{stale}{refresh}", fetched.value)
}

/// Everything that a read gives; an error as its code.
async fn all(executor: &Executor, number: &Number, policy: CachePolicy) -> String {
    let mut fetch = executor.fetch(number.clone(), policy);
    let mut told = Vec::new();
    while let Some(result) = fetch.next().await {
        told.push(result.map_or_else(|error| error.code().as_str().to_owned(), |fetched| short(&fetched)));
    }
    told.join(" ")
}

#[tokio::test(start_paused = true)]
async fn the_whole_table() {
    let minutes = |n: u64| Duration::from_secs(n * 60);
    let (fresh, aging, stale) = (Some((1, minutes(1))), Some((1, minutes(3))), Some((1, minutes(9))));
    // Each row: with the network, without it, refused.
    for (policy, here, expected) in [
        (CachePolicy::CacheOnly, fresh, ["c1", "c1", "c1"]),
        (CachePolicy::CacheOnly, stale, ["c1~", "c1~", "c1~"]),
        (CachePolicy::CacheOnly, None, ["c0~", "c0~", "c0~"]),
        (CachePolicy::NetworkOnly, fresh, ["n2", "TIMEOUT", "RATE_LIMITED"]),
        (CachePolicy::NetworkOnly, None, ["n2", "TIMEOUT", "RATE_LIMITED"]),
        (CachePolicy::CacheFirst, fresh, ["c1", "c1", "c1"]),
        (CachePolicy::CacheFirst, aging, ["c1+", "c1+ c1x", "c1+ c1x"]),
        (CachePolicy::CacheFirst, stale, ["c1~+", "c1~+ c1~x", "c1~+ c1~x"]),
        (CachePolicy::CacheFirst, None, ["n2", "TIMEOUT", "RATE_LIMITED"]),
        (CachePolicy::NetworkFirst, fresh, ["n2", "c1~x", "RATE_LIMITED"]),
        (CachePolicy::NetworkFirst, stale, ["n2", "c1~x", "RATE_LIMITED"]),
        (CachePolicy::NetworkFirst, None, ["n2", "TIMEOUT", "RATE_LIMITED"]),
        (CachePolicy::CacheAndNetwork, fresh, ["c1+ n2", "c1+ c1x", "c1+ c1x"]),
        (CachePolicy::CacheAndNetwork, stale, ["c1~+ n2", "c1~+ c1~x", "c1~+ c1~x"]),
        (CachePolicy::CacheAndNetwork, None, ["n2", "TIMEOUT", "RATE_LIMITED"]),
    ] {
        let failures = [ErrorCode::Timeout, ErrorCode::RateLimited].map(|code| Err(Error::network(code, "")));
        for (there, expected) in [Ok(2)].into_iter().chain(failures).zip(expected) {
            let number = Number::new(here, there.clone());
            let told = all(&executor(), &number, policy).await;
            assert_eq!(told, expected, "{policy:?} with {here:?} here and {there:?} there");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_network_confirms_is_not_told_twice() {
    let number = Number::new(Some((2, Duration::ZERO)), Ok(2));
    assert_eq!(all(&executor(), &number, CachePolicy::CacheAndNetwork).await, "c2+");
}

#[tokio::test(start_paused = true)]
async fn concurrent_refreshes_are_one_and_a_later_one_is_another() {
    let (executor, number) = (executor(), Number::new(None, Ok(2)));
    let reads = (0..10).map(|_| all(&executor, &number, CachePolicy::NetworkOnly));
    assert!(futures_util::future::join_all(reads).await.iter().all(|told| told == "n2"));
    assert_eq!(number.asked(), 1);
    all(&executor, &number, CachePolicy::NetworkOnly).await;
    assert_eq!(number.asked(), 2);
    let stats = executor.metrics().read();
    assert_eq!((stats.refreshes, stats.last_refresh, stats.mean_refresh), (2, Some(TRIP), Some(TRIP)));
}

#[tokio::test(start_paused = true)]
async fn a_read_never_waits_for_the_refresh_behind_it() {
    let (executor, number) = (executor(), Number::new(Some((1, Duration::from_secs(900))), Ok(2)));
    let start = Instant::now();
    for _ in 0..3 {
        let mut fetch = executor.fetch(number.clone(), CachePolicy::CacheFirst);
        assert_eq!(short(&fetch.next().await.unwrap().unwrap()), "c1~+");
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    // All three are dropped by now, and still the one refresh goes on.
    tokio::time::sleep(TRIP + Duration::from_millis(1)).await;
    assert_eq!((number.asked(), number.cached().unwrap().value), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_loses_nothing() {
    let (executor, number) = (executor(), Number::new(None, Ok(2)));
    let mut fetch = executor.fetch(number.clone(), CachePolicy::CacheFirst);
    assert!(tokio::time::timeout(TRIP / 2, fetch.next()).await.is_err());
    assert_eq!(short(&fetch.next().await.unwrap().unwrap()), "n2");
    assert!(fetch.next().await.is_none());
    assert_eq!(number.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_happens_before_the_first_result_is_asked_for() {
    let (executor, number) = (executor(), Number::new(None, Ok(2)));
    drop(executor.fetch(number.clone(), CachePolicy::NetworkOnly));
    tokio::time::sleep(TRIP).await;
    assert_eq!(number.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_counters_tell_hits_stale_hits_misses_and_failures() {
    let executor = executor();
    let offline = || Err(Error::network(ErrorCode::Offline, ""));
    for (here, there) in [
        (Some((1, Duration::ZERO)), Ok(2)),
        (Some((1, Duration::from_secs(900))), offline()),
        (None, offline()),
        (None, Ok(2)),
    ] {
        all(&executor, &Number::new(here, there), CachePolicy::CacheFirst).await;
    }
    let stats = executor.metrics().read();
    assert_eq!((stats.hits, stats.stale_hits, stats.misses), (1, 1, 2));
    assert_eq!((stats.refreshes, stats.failed_refreshes), (1, 2));
}

//! One refresh of a resource at a time, however many callers ask for it.
//!
//! Invariants:
//! - A caller that asks for a resource whose refresh is under way shares that refresh and its result.
//! - A refresh runs on a task of its own: a caller that stops waiting does not end it for the others.

use super::metrics::Metrics;
use super::resource::Resource;
use crate::error::{Error, Result};
use crate::platform::Clock;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Handle;

/// A refresh that is under way. Clones wait for the same one.
pub(super) type InFlightRefresh = Shared<BoxFuture<'static, Result<()>>>;

/// All refreshes that are under way, by the key of their thing. Thread-safe.
pub(super) struct SingleFlight {
    running: Arc<Mutex<HashMap<String, InFlightRefresh>>>,
    runtime: Option<Handle>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

impl SingleFlight {
    /// Refreshes run on the present tokio runtime. Without one they run while a caller waits for them.
    pub fn new(clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        Self { running: Arc::default(), runtime: Handle::try_current().ok(), clock, metrics }
    }

    /// Refreshes a thing, or joins the refresh that is under way.
    pub fn join<R: Resource>(&self, resource: &Arc<R>) -> Result<InFlightRefresh> {
        let key = resource.key()?;
        let mut running = locked(&self.running);
        if let Some(flight) = running.get(&key) {
            return Ok(flight.clone());
        }
        let (others, clock, metrics) = (self.running.clone(), self.clock.clone(), self.metrics.clone());
        let (resource, own) = (resource.clone(), key.clone());
        let flight = async move {
            let start = clock.monotonic();
            // Those who wait get an error, and the next one who asks begins anew.
            let refreshed = AssertUnwindSafe(resource.refresh()).catch_unwind().await;
            let outcome = refreshed.unwrap_or_else(|_| Err(Error::internal("a refresh panicked")));
            metrics.refreshed(outcome.is_ok(), clock.monotonic().saturating_sub(start));
            // Who asks from here on wants something newer.
            locked(&others).remove(&own);
            outcome
        };
        let flight = flight.boxed().shared();
        running.insert(key, flight.clone());
        if let Some(runtime) = &self.runtime {
            runtime.spawn(flight.clone());
        }
        Ok(flight)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::policy::CacheConfig;
    use crate::cache::resource::{Cached, Completeness};
    use crate::error::ErrorCode;
    use crate::platform::SystemClock;
    use async_trait::async_trait;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A thing whose first refresh panics.
    #[derive(Default)]
    struct Fragile(CacheConfig, AtomicU32);

    #[async_trait]
    impl Resource for Fragile {
        type Value = ();

        fn key(&self) -> Result<String> {
            Ok("fragile".into())
        }

        fn config(&self) -> &CacheConfig {
            &self.0
        }

        fn cached(&self) -> Result<Cached<()>> {
            Ok(Cached { value: (), found: Completeness::Nothing, age: None, trusted: false, partial: false })
        }

        async fn refresh(&self) -> Result<()> {
            assert!(self.1.fetch_add(1, Ordering::Relaxed) > 0, "the first refresh panics");
            Ok(())
        }
    }

    #[tokio::test]
    async fn core_s08_a_refresh_that_panics_fails_and_the_next_one_runs() {
        let flights = SingleFlight::new(Arc::new(SystemClock::new()), Arc::default());
        let thing = Arc::new(Fragile::default());
        let (first, joined) = (flights.join(&thing).unwrap(), flights.join(&thing).unwrap());
        for outcome in [first.await, joined.await] {
            assert_eq!(outcome.unwrap_err().code(), ErrorCode::Internal);
        }
        assert_eq!(flights.join(&thing).unwrap().await, Ok(()));
    }
}

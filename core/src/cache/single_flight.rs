//! One refresh of a thing at a time, whoever asks for it.
//!
//! Invariants:
//! - Who asks for a thing whose refresh is under way shares it, with its result.
//! - A refresh runs on a task of its own: nobody who stops waiting takes it from the others.

use super::metrics::Metrics;
use super::resource::Resource;
use crate::error::Result;
use crate::platform::Clock;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use std::collections::HashMap;
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
    /// Refreshes run on the present tokio runtime. Without one they run while somebody waits for them.
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
            let outcome = resource.refresh().await;
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

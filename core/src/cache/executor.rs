//! The one executor of the five policies, for every cacheable resource.
//!
//! Invariants:
//! - It knows nothing of collections, documents or HTTP: a thing of another kind joins by implementing [`Resource`].
//! - A result that was read here is given before anything is sent.
//! - What the network brings goes into the cache first and is read from there: two readers never see it in different orders.

use super::fetch::Fetch;
use super::metrics::Metrics;
use super::policy::CachePolicy;
use super::resource::Resource;
use super::single_flight::SingleFlight;
use crate::platform::Clock;
use std::sync::Arc;

/// Runs reads under their policies. Cheap to clone; thread-safe.
#[derive(Clone)]
pub(crate) struct Executor {
    single_flight: Arc<SingleFlight>,
    metrics: Arc<Metrics>,
}

impl Executor {
    /// An executor whose refreshes run on the present tokio runtime.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let metrics = Arc::new(Metrics::default());
        Self { single_flight: Arc::new(SingleFlight::new(clock, metrics.clone())), metrics }
    }

    /// Begins a read. Nothing happens before its first result is asked for.
    pub fn fetch<R: Resource>(&self, resource: R, policy: CachePolicy) -> Fetch<R::Value> {
        Fetch::new(self.single_flight.clone(), self.metrics.clone(), Arc::new(resource), policy)
    }

    /// The counters.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }
}

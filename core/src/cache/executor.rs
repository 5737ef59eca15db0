//! The one executor of the five policies, for whatever can be kept here and asked for anew.
//!
//! Invariants:
//! - It knows nothing of collections, documents or HTTP: a thing of another kind joins by implementing [`Resource`].
//! - A result that was read here is given before anything is sent.
//! - What the network brings goes into the cache first and is read from there: two readers never see it in different orders.

use super::fetch::Fetch;
use super::flights::{Flight, Flights};
use super::metrics::Metrics;
use super::policy::{CacheConfig, CachePolicy, Condition};
use crate::error::Result;
use crate::platform::Clock;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// A thing that is kept here and can be asked for anew.
#[async_trait]
pub(crate) trait Resource: Send + Sync + 'static {
    /// What a reader gets.
    type Value: Clone + PartialEq + Send + 'static;

    /// What a refresh would ask for: refreshes with the same key are one.
    fn key(&self) -> Result<String>;

    /// How it is cached.
    fn config(&self) -> &CacheConfig;

    /// What is here. Blocking, as long as a read takes.
    fn cached(&self) -> Result<Cached<Self::Value>>;

    /// Brings what is here up to date. Must do no harm when it is dropped halfway.
    async fn refresh(&self) -> Result<()>;
}

/// How much of a thing is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// All of it.
    All,
    /// Something; whether it is all nobody knows.
    Parts,
    Nothing,
}

/// What is here of a thing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cached<T> {
    pub value: T,
    pub found: Found,
    /// How long ago it was what the server had; none: nobody knows.
    pub age: Option<Duration>,
    /// Whether the age is certain. One that is guessed never counts as fresh.
    pub trusted: bool,
    /// Some of it has been evicted.
    pub partial: bool,
}

impl<T> Cached<T> {
    pub(super) fn condition(&self, config: &CacheConfig) -> Condition {
        match self.found {
            Found::All => config.condition(self.age, self.trusted),
            Found::Parts => Condition::Parts,
            Found::Nothing => Condition::Missing,
        }
    }
}

/// Runs reads under their policies. Cheap to clone; thread-safe.
#[derive(Clone)]
pub(crate) struct Executor {
    flights: Arc<Flights>,
    metrics: Arc<Metrics>,
}

impl Executor {
    /// An executor whose refreshes run on the present tokio runtime.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let metrics = Arc::new(Metrics::default());
        Self { flights: Arc::new(Flights::new(clock, metrics.clone())), metrics }
    }

    /// Begins a read. Nothing happens before its first result is asked for.
    pub fn fetch<R: Resource>(&self, resource: R, policy: CachePolicy) -> Fetch<R::Value> {
        Fetch::new(self.clone(), Arc::new(resource), policy)
    }

    /// The counters.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    pub(super) fn refresh<R: Resource>(&self, resource: &Arc<R>) -> Result<Flight> {
        self.flights.join(resource)
    }
}

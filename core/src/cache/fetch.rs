//! A read under a policy, as its caller holds it.

use super::metrics::Metrics;
use super::policy::{CachePolicy, Condition, Plan, plan, stands_in};
use super::resource::{Cached, Completeness, Resource};
use super::single_flight::{InFlightRefresh, SingleFlight};
use crate::error::{Error, Result};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// Where a result comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// From here, as it was when the server last answered.
    Cache,
    /// The server has just been asked.
    Network,
}

impl Origin {
    /// The name on every language's side: `cache` or `network`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Network => "network",
        }
    }
}

/// What becomes of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Refresh {
    /// Nothing is under way.
    None,
    /// The server is being asked; what comes of it the next call of [`Fetch::next`] tells.
    Running,
    /// The server was asked, and this came of it: the result is what stands in.
    Failed(Error),
}

/// One result of a read.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched<T> {
    /// The document or the documents.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
    /// How long ago the server had it so, as well as the device knows; never negative. `None` if the server was never asked.
    pub age: Option<Duration>,
    /// Whether it may be out of date: older than the collection's TTL, of uncertain age, or standing in for the network.
    pub stale: bool,
    /// Whether documents of the collection have lost their content to a limit, so that a query may lack some.
    pub partial: bool,
    /// What becomes of it.
    pub refresh: Refresh,
}

/// A read under a policy: the first result, and what the policy tells after it. Nothing happens before the first [`next`](Self::next).
/// Dropping it gives up waiting; a refresh that it has begun goes on for others and for the cache.
pub struct Fetch<T>(Box<dyn Steps<T>>);

impl<T> Fetch<T> {
    pub(super) fn new<R: Resource<Value = T>>(
        single_flight: Arc<SingleFlight>,
        metrics: Arc<Metrics>,
        resource: Arc<R>,
        policy: CachePolicy,
    ) -> Self {
        Self(Box::new(Read { single_flight, metrics, resource, stage: Stage::Begin(policy) }))
    }

    /// The next result: the first at once or when the network has answered, as the policy says; later ones when there is something to
    /// tell: the network's result (`cacheAndNetwork`, if it is different), or the last result again with [`Refresh::Failed`]. `None` after
    /// the last. Safe to drop while it waits: the next call goes on waiting.
    ///
    /// # Errors
    /// What the network says where nothing stands in for it: `OFFLINE` and the like with nothing here, `UNAUTHORIZED`, `RATE_LIMITED`,
    /// `REFUSED` …; those of storage. After an error there is nothing more.
    pub async fn next(&mut self) -> Option<Result<Fetched<T>>> {
        self.0.next().await
    }
}

/// A read without the type of its thing.
#[async_trait]
trait Steps<T>: Send {
    async fn next(&mut self) -> Option<Result<Fetched<T>>>;
}

struct Read<R: Resource> {
    single_flight: Arc<SingleFlight>,
    metrics: Arc<Metrics>,
    resource: Arc<R>,
    stage: Stage<R::Value>,
}

/// How far a read is.
enum Stage<T> {
    Begin(CachePolicy),
    /// Nothing has been given yet.
    Waiting {
        flight: InFlightRefresh,
        fall_back: bool,
    },
    /// Something has been given; `compare`: what the network's result is held against.
    Following {
        flight: InFlightRefresh,
        compare: Option<T>,
    },
    Ended,
}

#[async_trait]
impl<R: Resource> Steps<R::Value> for Read<R> {
    async fn next(&mut self) -> Option<Result<Fetched<R::Value>>> {
        if let Stage::Begin(policy) = self.stage {
            match self.begin(policy) {
                Ok(None) => {}
                Ok(Some(first)) => return Some(Ok(first)),
                Err(error) => return self.fail(error),
            }
        }
        // The stage stays as it is while this waits: dropped and called again, it goes on waiting.
        match &self.stage {
            Stage::Begin(_) | Stage::Ended => None,
            Stage::Waiting { flight, fall_back } => {
                let fall_back = *fall_back;
                let outcome = flight.clone().await;
                let result = self.first_of_network(outcome, fall_back);
                self.stage = Stage::Ended;
                Some(result)
            }
            Stage::Following { flight, .. } => {
                let outcome = flight.clone().await;
                let told = self.after(outcome);
                self.stage = Stage::Ended;
                told.transpose()
            }
        }
    }
}

impl<R: Resource> Read<R> {
    /// Looks at the cache if the policy does so first, and starts what is to be started. `None` if the caller must wait for the network.
    fn begin(&mut self, policy: CachePolicy) -> Result<Option<Fetched<R::Value>>> {
        let here = if policy.looks_first() { Some(self.resource.cached()?) } else { None };
        let condition = here.as_ref().map_or(Condition::Missing, |cached| cached.condition(self.resource.config()));
        let plan = plan(policy, condition);
        if let Some(cached) = &here {
            self.count(cached, condition, plan);
        }
        let (Some(cached), false) = (here, matches!(plan, Plan::Network { .. })) else {
            self.stage = Stage::Waiting {
                flight: self.single_flight.join(&self.resource)?,
                fall_back: plan != Plan::Network { fall_back: false },
            };
            return Ok(None);
        };
        let refresh = if plan == Plan::Cache {
            self.stage = Stage::Ended;
            Refresh::None
        } else {
            let compare = (plan == Plan::CacheThenNetwork).then(|| cached.value.clone());
            self.stage = Stage::Following { flight: self.single_flight.join(&self.resource)?, compare };
            Refresh::Running
        };
        Ok(Some(from_cache(cached, condition_is_stale(condition), refresh)))
    }

    fn count(&self, cached: &Cached<R::Value>, condition: Condition, plan: Plan) {
        match plan {
            Plan::Network { .. } => self.metrics.miss(),
            _ if cached.found == Completeness::Nothing => self.metrics.miss(),
            _ => self.metrics.hit(condition_is_stale(condition)),
        }
    }

    /// The first result of a read that has waited for the network.
    fn first_of_network(&self, outcome: Result<()>, fall_back: bool) -> Result<Fetched<R::Value>> {
        let error = match outcome {
            Ok(()) => return Ok(from_network(self.resource.cached()?)),
            Err(error) if fall_back && stands_in(&error) => error,
            Err(error) => return Err(error),
        };
        let cached = self.resource.cached()?;
        if cached.found == Completeness::Nothing {
            return Err(error);
        }
        self.metrics.hit(true);
        Ok(from_cache(cached, true, Refresh::Failed(error)))
    }

    /// What is told after a result from the cache, when the refresh behind it has ended.
    fn after(&self, outcome: Result<()>) -> Result<Option<Fetched<R::Value>>> {
        let Stage::Following { compare, .. } = &self.stage else { return Ok(None) };
        match (outcome, compare) {
            (Ok(()), None) => Ok(None),
            (Ok(()), Some(shown)) => {
                let cached = self.resource.cached()?;
                Ok((cached.value != *shown).then(|| from_network(cached)))
            }
            (Err(error), _) => {
                let cached = self.resource.cached()?;
                let stale = condition_is_stale(cached.condition(self.resource.config()));
                Ok(Some(from_cache(cached, stale, Refresh::Failed(error))))
            }
        }
    }

    fn fail(&mut self, error: Error) -> Option<Result<Fetched<R::Value>>> {
        self.stage = Stage::Ended;
        Some(Err(error))
    }
}

fn condition_is_stale(condition: Condition) -> bool {
    !matches!(condition, Condition::Fresh | Condition::Aging)
}

fn from_cache<T>(cached: Cached<T>, stale: bool, refresh: Refresh) -> Fetched<T> {
    Fetched { value: cached.value, origin: Origin::Cache, age: cached.age, stale, partial: cached.partial, refresh }
}

fn from_network<T>(cached: Cached<T>) -> Fetched<T> {
    Fetched {
        value: cached.value,
        origin: Origin::Network,
        age: Some(Duration::ZERO),
        stale: false,
        partial: cached.partial,
        refresh: Refresh::None,
    }
}

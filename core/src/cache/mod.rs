//! Reads under a cache policy: when to use the local copy and when to ask the server.
//!
//! Invariants:
//! - There is one executor of the table of policies; whatever can be kept and asked for anew joins it as a `Resource`.
//! - A read is never blocked by a refresh that it did not ask to wait for.
//! - Concurrent refreshes of one thing are one request, and who stops waiting for one does not stop it.
//! - A refresh that fails is told to those who read meanwhile, and changes nothing.
//! - What is of uncertain age is stale: a clock that was set never makes old things look fresh.

mod access_times;
mod age;
mod executor;
mod fetch;
mod metrics;
mod policy;
mod resource;
mod single_flight;

#[cfg(test)]
mod policy_tests;

pub(crate) use access_times::AccessTimes;
pub(crate) use age::Readings;
pub(crate) use executor::Executor;
pub use fetch::{Fetch, Fetched, Origin, Refresh};
pub use metrics::CacheStats;
pub(crate) use metrics::Metrics;
pub use policy::{CacheConfig, CachePolicy};
pub(crate) use resource::{Cached, Completeness, Resource};

//! What one cycle does: push, pull, refresh, evict.

mod adaptive;
mod budget;
mod cycle;
mod evict;
mod pull;
mod push;
mod refresh;
mod rtt;
mod scope;

pub(crate) use adaptive::AdaptiveState;
pub(crate) use budget::Deadline;
pub(in crate::sync) use budget::TimeBudget;
pub use budget::{Remaining, SliceReport};
pub(in crate::sync) use cycle::Cycle;
pub(in crate::sync) use refresh::{RefreshQueue, RefreshWaiter, Throttle, serve, suspended};

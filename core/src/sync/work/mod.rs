//! What one cycle does: push, pull, refresh, evict.

mod adaptive_size;
mod budget;
mod copied_store;
mod cycle;
mod evict;
mod failed_actions;
mod lease;
mod overlap;
mod pack_batch;
mod pages;
mod park;
mod pull;
mod push;
mod pusher;
mod refresh;
mod refused_streams;
mod requests;
mod rtt;
mod scope;
mod server_time;
mod settle_batch;
mod storm_guard;
mod suspects;

pub(crate) use budget::Deadline;
pub(in crate::sync) use budget::TimeBudget;
pub use budget::{Remaining, SliceReport};
pub(in crate::sync) use cycle::{Cycle, CycleOutcome};
pub(in crate::sync) use lease::runnable;
pub(in crate::sync) use refresh::{RefreshQueue, RefreshWaiter, Throttle, suspended};
pub(in crate::sync) use scope::Scope;
pub use storm_guard::StormGuard;

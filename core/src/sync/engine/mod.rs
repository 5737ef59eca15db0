//! The engine's task: when a cycle runs, and how the rest of the client talks to it.

mod config;
mod events;
mod handle;
mod poll_interval;
mod report;
mod schedule;
mod state;
mod task;
mod waiters;

pub use config::SyncConfig;
pub(crate) use handle::{EngineHandle, WeakEngine};
pub use report::{Deferred, SetAside, SyncReport};
pub use state::StateWatch;
pub(crate) use state::{CountedQueue, StateCell};
pub(crate) use task::start;
pub(crate) use waiters::Waiters;

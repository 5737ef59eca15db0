//! What an app's own tests put in the place of time and of the network. Everything else stays real.
//!
//! Invariants:
//! - Nothing here decides anything for the engine: it lies beneath the traits [`Clock`](crate::Clock) and [`Transport`](crate::Transport).
//! - A clock moves only when it is told to, so a test that waits for an hour does not take one.

mod clock;
mod network;
mod rewrite;

#[doc(hidden)]
pub use crate::model::{Illegal, OpError, OpEvent, OpState};
pub use crate::sync::StormGuard;
pub use clock::VirtualClock;
pub use network::{Fault, ScriptedNetwork};

//! Keeping this device and the server in step.
//!
//! Invariants:
//! 1. **One reconciler.** Pages, push replies and refusals all enter through [`Reconciler`]; nothing else writes server state. It takes only what is
//!    newer than what is there, so an observer never sees a document go back.
//! 2. **Single flight.** One cycle runs at a time. A caller who asks while one runs waits for the next, which then covers all that was
//!    written before the question, and ends however much is written after it. A refresh of single collections or documents is a small cycle of its own, and takes its turn like the others.
//! 3. A page and its cursor are one transaction: the cursor is never ahead of the rows.
//! 4. **Liveness.** While there is something to send, a network, a session and automatic sync, a timer is armed or a request is out.
//! 5. An operation whose fate is unknown is sent again unchanged before anything is decided about it.
//! 6. While a stream is being read anew, its operations wait: pushing would only restart it.
//! 7. Platforms report events; only the schedule decides what follows from them.
//! 8. **No storm.** Without progress at most 12 requests go out in any 60 seconds and 130 in any hour. A failing request is never sent again
//!    unchanged without a pause.
//! 9. A record, a stream or an operation that cannot be taken stops itself only, and the report names it.

mod apply;
#[cfg(test)]
mod bounded_tests;
mod deps;
mod engine;
mod reference_ids;
mod work;

pub(crate) use apply::{of_collection, restart, retry_after_upgrade};
pub(crate) use deps::EngineDeps;
pub(crate) use engine::{CountedQueue, EngineHandle, StateCell, Waiters, WeakEngine, start};
pub use engine::{Deferred, SetAside, StateWatch, SyncConfig, SyncReport};
pub(crate) use work::Deadline;
pub use work::{Remaining, SliceReport, StormGuard};

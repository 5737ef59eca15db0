//! What the host lends to the core: time, randomness, knowledge of the network and of the app's life.
//!
//! Invariant: the core has no other source of any of these, so a whole device runs deterministically in a simulator.

mod clock;
mod connectivity;
mod entropy;
mod event;

pub(crate) use clock::{BoundedClock, FARTHEST_MS};
pub use clock::{Clock, Sleep, SystemClock};
pub use connectivity::{Connectivity, Network};
pub use entropy::{Entropy, SystemEntropy};
pub use event::Event;

//! Devices and a server in one thread, on virtual time, with a network that fails as a seed says.
//!
//! Everything is the real thing but time, randomness and sockets: the core on a database in memory, the server's routes, the protocol's
//! bytes. One seed gives one history, always the same.

mod check;
mod device;
mod line;
mod network;
mod random;
mod tap;
mod time;
mod workload;
mod world;

pub use device::Device;
pub use line::{Line, Sent, Speed};
pub use network::{Fate, Faults, Network};
pub use random::Random;
pub use tap::Tap;
pub use time::{START_MS, SimClock};
pub use workload::run_seed;
pub use world::World;

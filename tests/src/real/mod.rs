//! Real processes: the server's binary and devices behind the driver, with a network between them that fails on purpose.

mod binaries;
mod driver;
mod kill_at;
mod proxy;
mod server;
mod strange;

pub use driver::Driver;
pub use kill_at::KillAt;
pub use proxy::Proxy;
pub use server::ServerProcess;
pub use strange::{Answer, StrangeServer};

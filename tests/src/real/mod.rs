//! Real processes: the server's binary and devices behind the driver, with a network between them that fails on purpose.

mod binaries;
mod driver;
mod proxy;
mod server;
mod strange;

pub use driver::Driver;
pub use proxy::Proxy;
pub use server::ServerProcess;
pub use strange::{Answer, StrangeServer};

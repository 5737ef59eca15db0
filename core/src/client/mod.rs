//! The client: what an app opens.

mod config;
mod confirm;
mod holm;
mod inspect;
mod pending_writes;
mod resolver;
mod session;
mod sync_one;
mod triggers;

pub use config::{Config, Storage};
pub use holm::Holm;
pub use inspect::{CollectionDump, DocumentDump, Explanation, PendingOperation, Stats};
pub use session::SignOutMode;

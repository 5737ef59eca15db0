//! The client: what an app opens.

mod config;
mod holm;
mod inspect;
mod session;
mod triggers;
mod writes;

pub use config::{Config, Storage};
pub use holm::Holm;
pub use inspect::{CollectionDump, DocumentDump, Explanation, PendingOperation, Stats};
pub use session::SignOutMode;

//! Who is signed in.
//!
//! Invariants:
//! - A token is refreshed once for however many requests need it, and a request is repeated once after a refresh, never more.
//! - Only the server's own word ends a session: a failure of the network never signs anybody out.
//! - The outbox is kept whatever happens to the session.

mod account;
mod secrets;
mod session;
mod wire;

pub(crate) use account::{Account, SignIn};
pub use secrets::{FileSecrets, MemorySecrets, SecretStore};
pub(crate) use session::Session;

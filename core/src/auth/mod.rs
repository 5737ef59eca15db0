//! The account that is signed in, and its session.
//!
//! Invariants:
//! - A session is good at one server, for one store, until that store's next sign-out. Elsewhere it is
//!   ignored.
//! - Nothing is sent before it is known that the token is of the account whose data the store has.
//! - A sign-out is final: neither a refresh nor a sign-in that began before it brings a session back.
//! - A token is refreshed once for however many requests need it, and a request is repeated once after a
//!   refresh, never more.
//! - Only the server's own word ends a session: a failure of the network never signs the user out.
//! - No event of the session touches the queue of writes; only a sign-out that wipes empties it.

mod account;
mod kept;
mod provider;
mod secrets;
mod session;
mod wire;

pub(crate) use account::{Account, SignIn};
pub use provider::TokenProvider;
pub use secrets::{FileSecrets, MemorySecrets, SecretStore};
pub(crate) use session::{Grant, Session};

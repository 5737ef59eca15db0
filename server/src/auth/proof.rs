//! Passwords and tokens that are tried, by whom, and how often that may be.

use super::guard::Try;
use super::password;
use crate::error::{Code, Failure};
use crate::state::State;
use crate::store::Lane;
use crate::store::accounts::{self, User};
use std::net::IpAddr;

/// A stranger: where the request comes from, and the device that it names.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// `None` where requests come without a socket.
    pub(crate) address: Option<IpAddr>,
    pub(crate) device: Option<String>,
}

/// Whether `password` is that of `user`, if there is one: the same work and the same limits either way.
pub(super) async fn tries(
    state: &State,
    email: &str,
    password: &str,
    user: Option<&User>,
    visitor: &Visitor,
) -> Result<bool, Failure> {
    if !is_known_device(state, user, visitor).await? {
        admit(state, visitor)?;
        let delayed = |seconds| Failure::rate_limited("too many wrong passwords", seconds);
        state.guard.admit_account(email, visitor.address, state.now()).map_err(delayed)?;
    }
    let right = match user.and_then(|user| user.credentials.as_ref()) {
        None => {
            verify(state, password, state.decoy.hash()).await?;
            false
        }
        Some(own) => {
            let right = verify(state, password, &own.password_hash).await?;
            if !right && password::is_outdated(&own.password_hash, &state.config.accounts.argon2) {
                // A hash of another cost must not tell that the address is known.
                verify(state, password, state.decoy.hash()).await?;
            }
            right
        }
    };
    if right {
        state.guard.charge(visitor.address, Try::SignIn, state.now());
        state.guard.succeeded(email, visitor.address);
    } else {
        state.guard.charge(visitor.address, Try::Guess, state.now());
        state.guard.failed(email, visitor.address, state.now());
        // Enough to see an attack and where it comes from; the account's address stays private.
        let address = visitor.address.map_or_else(|| "-".to_owned(), |address| address.to_string());
        tracing::warn!(address, account = user.map_or("-", |user| user.public_id.as_str()), "a sign-in failed");
    }
    Ok(right)
}

async fn is_known_device(state: &State, user: Option<&User>, visitor: &Visitor) -> Result<bool, Failure> {
    let (Some(user), Some(device)) = (user.map(|user| user.row), visitor.device.clone()) else { return Ok(false) };
    state.database.read(Lane::Shared, move |db| Ok(accounts::has_device(db, user, &device)?)).await
}

/// Refuses an address that has tried too much.
pub(super) fn admit(state: &State, visitor: &Visitor) -> Result<(), Failure> {
    let limited = |seconds| Failure::rate_limited("too many requests of this address", seconds);
    state.guard.admit_address(visitor.address, state.now()).map_err(limited)
}

/// The answer to a token that was never issued, or is forgotten.
pub(super) fn guessed(state: &State, address: Option<IpAddr>, message: &'static str) -> Failure {
    let admitted = admit(state, &Visitor { address, device: None });
    state.guard.charge(address, Try::Guess, state.now());
    admitted.err().unwrap_or_else(|| Failure::new(Code::Unauthorized, message))
}

async fn verify(state: &State, password: &str, hash: &str) -> Result<bool, Failure> {
    let (password, hash) = (password.to_owned(), hash.to_owned());
    state.hashing.run(move || password::verify(&password, &hash)).await
}

/// What is stored of a password.
pub(super) async fn hash(state: &State, password: &str) -> Result<String, Failure> {
    let (salt, cost, password) =
        (state.entropy.bytes::<16>()?, state.config.accounts.argon2.clone(), password.to_owned());
    Ok(state.hashing.run(move || password::hash(&password, &salt, &cost)).await??)
}

//! Passwords: Argon2id, as PHC strings.

use crate::config::Argon2Cost;
use crate::entropy::{Entropy, EntropyUnavailable};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

/// Longer passwords are refused: hashing must not be a way to keep a server busy.
pub(super) const MAX_PASSWORD_BYTES: usize = 1024;

/// Why a password could not be hashed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    /// No salt.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// The cost in the configuration is one that Argon2 does not accept, or memory is short.
    #[error("cannot hash passwords: {0}")]
    Hash(String),
}

/// Hashes a password. Takes a processor for as long as `cost` says.
pub(super) fn hash(password: &str, salt: &[u8; 16], cost: &Argon2Cost) -> Result<String, PasswordError> {
    let refused = |error: &dyn std::fmt::Display| PasswordError::Hash(error.to_string());
    let params = Params::new(cost.memory_kib, cost.iterations, cost.parallelism, None).map_err(|e| refused(&e))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password_with_salt(password.as_bytes(), salt).map_err(|e| refused(&e))?;
    Ok(hash.to_string())
}

/// Whether `password` is the one that was hashed. Takes a processor for as long as the hash says.
pub(super) fn verify(password: &str, hash: &str) -> bool {
    Argon2::default().verify_password(password.as_bytes(), hash).is_ok()
}

/// Whether a hash was made with another cost than this one: then it is made anew when its password is next seen.
pub(super) fn is_outdated(hash: &str, cost: &Argon2Cost) -> bool {
    let params = format!("$m={},t={},p={}$", cost.memory_kib, cost.iterations, cost.parallelism);
    !hash.contains(&params)
}

/// The hash of a random password, with the cost of a real one. A sign-in with an unknown address is verified against it, so that it takes
/// as long as one with a known address.
pub(crate) struct Decoy(String);

impl Decoy {
    /// Makes one.
    pub(crate) fn new(entropy: &dyn Entropy, cost: &Argon2Cost) -> Result<Self, PasswordError> {
        let [password, salt] = [entropy.bytes::<16>()?, entropy.bytes::<16>()?];
        hash(&u128::from_le_bytes(password).to_string(), &salt, cost).map(Self)
    }

    /// Its PHC string.
    pub(super) fn hash(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::OsEntropy;

    #[test]
    fn password_verifies_only_against_its_own_hash() {
        let cost = Argon2Cost { memory_kib: 8, iterations: 1, parallelism: 1 };
        let hash = hash("påss\0word", &[7; 16], &cost).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert!(verify("påss\0word", &hash));
        assert!(!verify("påss", &hash));
        assert!(!verify("", Decoy::new(&OsEntropy, &cost).unwrap().hash()));
    }
}

//! The server's source of random bytes, for tokens, salts and ids.
//!
//! Invariant: nothing else in this crate asks for random bytes, so a seeded source makes a run repeatable.

use uuid::Builder;

/// A source of random bytes. Thread-safe, does not block for long.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// If there is no randomness to be had. Nothing is issued then: a guessable token is worse than a failed sign-in.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyUnavailable>;
}

/// The source of random bytes failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no random bytes available")]
pub struct EntropyUnavailable;

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyUnavailable> {
        getrandom::fill(bytes).map_err(|_| EntropyUnavailable)
    }
}

impl dyn Entropy {
    /// `N` random bytes.
    pub(crate) fn bytes<const N: usize>(&self) -> Result<[u8; N], EntropyUnavailable> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// A UUIDv7 (RFC 9562) made at `now_ms`.
    pub(crate) fn uuid(&self, now_ms: i64) -> Result<String, EntropyUnavailable> {
        let millis = u64::try_from(now_ms).unwrap_or(0);
        Ok(Builder::from_unix_timestamp_millis(millis, &self.bytes()?).into_uuid().to_string())
    }
}

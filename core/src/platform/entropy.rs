//! Randomness for ids and jitter.

use std::fmt;

/// A source of random bytes. Thread-safe, does not block for long.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

impl fmt::Debug for dyn Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy")
    }
}

impl dyn Entropy {
    /// A uniform number in `0..=1`.
    pub(crate) fn fraction(&self) -> f64 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
    }
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // The kernel's generator fails only where it does not exist at all, which is no platform that we run on.
        // Ids must stay unique even then, so the address-space layout and the time stand in.
        if getrandom::fill(bytes).is_err() {
            use std::hash::{BuildHasher, RandomState};
            for chunk in bytes.chunks_mut(8) {
                let word = RandomState::new().hash_one(std::time::Instant::now()).to_le_bytes();
                chunk.copy_from_slice(&word[..chunk.len()]);
            }
        }
    }
}

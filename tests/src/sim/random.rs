//! A seeded generator: SplitMix64 (Steele, Lea, Flood, 2014). Small, and the same on every machine.

use std::sync::{Arc, Mutex};

/// A stream of numbers that a seed fixes. Clones share the stream.
#[derive(Clone)]
pub struct Random(Arc<Mutex<u64>>);

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(seed)))
    }

    /// A stream of its own for one part, so that parts do not disturb each other.
    pub fn fork(&self) -> Self {
        Self::new(self.next())
    }

    /// The next 64 bits.
    pub fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// True once in `times`.
    pub fn one_in(&self, times: u64) -> bool {
        times > 0 && self.below(times) == 0
    }

    /// One of these.
    pub fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    fn fill_bytes(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

impl holm_core::Entropy for Random {
    fn fill(&self, bytes: &mut [u8]) {
        self.fill_bytes(bytes);
    }
}

impl holm_server::Entropy for Random {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), holm_server::EntropyUnavailable> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

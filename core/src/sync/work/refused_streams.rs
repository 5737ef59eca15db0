//! Streams that the server refuses.
//!
//! Invariant: a refused stream is asked for again after a pause that doubles up to [`LONGEST_PAUSE`], however often cycles run.

use crate::backend::StreamPosition;
use crate::error::{Error, ErrorCode};
use crate::platform::Entropy;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);
/// The same while the server refuses every stream: then it is the server's trouble, and may pass.
const LONGEST_PAUSE_OF_ALL: Duration = Duration::from_secs(300);

#[derive(Debug)]
struct Refusal {
    error: Error,
    times: u32,
    until: Duration,
}

/// Refused streams by collection. Forgotten with the process.
#[derive(Debug, Default)]
pub(in crate::sync) struct RefusedStreams {
    refusals: HashMap<String, Refusal>,
    /// Streams that were started anew because their space was refused.
    reset: HashSet<String>,
}

impl RefusedStreams {
    /// Why a collection is not asked for now.
    pub fn waits(&self, collection: &str, now: Duration) -> Option<Error> {
        self.refusals.get(collection).filter(|refusal| now < refusal.until).map(|refusal| refusal.error.clone())
    }

    /// The server refuses this collection, and others too (`all`) or not.
    pub fn refused(&mut self, collection: &str, error: &Error, all: bool, now: Duration, entropy: &dyn Entropy) {
        let times = self.refusals.get(collection).map_or(0, |refusal| refusal.times);
        let longest = if all { LONGEST_PAUSE_OF_ALL } else { LONGEST_PAUSE };
        let pause = FIRST_PAUSE.saturating_mul(1 << times.min(10)).min(longest);
        let until = now + pause.mul_f64(0.9 + 0.2 * entropy.fraction());
        self.refusals.insert(collection.to_owned(), Refusal { error: error.clone(), times: times + 1, until });
    }

    /// These collections were read to their heads. (A first page is no sign that the next one is not refused.)
    pub fn read<'c>(&mut self, collections: impl Iterator<Item = &'c str>) {
        if self.refusals.is_empty() && self.reset.is_empty() {
            return;
        }
        for collection in collections {
            self.refusals.remove(collection);
            self.reset.remove(collection);
        }
    }

    /// Forgets what the server has refused.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// How many collections the server refuses.
    pub fn count(&self) -> usize {
        self.refusals.len()
    }

    /// The collections that this device may not read.
    pub fn forbidden(&self) -> HashSet<String> {
        let forbidden = self.refusals.iter().filter(|(_, refusal)| refusal.error.code() == ErrorCode::Forbidden);
        forbidden.map(|(collection, _)| collection.clone()).collect()
    }

    /// Whether a stream may be started anew in another space: once, until it has been read.
    pub fn may_reset(&mut self, position: &StreamPosition) -> bool {
        self.reset.insert(position.collection.clone())
    }
}

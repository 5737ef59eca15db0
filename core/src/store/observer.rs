//! What the store tells and counts.

use super::Committed;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Told after every commit that changed something.
pub(crate) type Observer = Arc<dyn Fn(Committed) + Send + Sync>;

/// Counts for figures and diagnosis.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(in crate::store) commits: AtomicU64,
    pub(in crate::store) forced: AtomicU64,
    pub(in crate::store) writes: AtomicU64,
}

//! How well the cache serves.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters of this process, over all collections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheStats {
    /// Reads that were served from here with something fresh.
    pub hits: u64,
    /// Reads that were served from here with something stale.
    pub stale_hits: u64,
    /// Reads that found nothing here.
    pub misses: u64,
    /// Documents that lost their content to a limit.
    pub evictions: u64,
    /// Refreshes that went well. Several reads may have shared one.
    pub refreshes: u64,
    /// Refreshes that failed.
    pub failed_refreshes: u64,
    /// How long the last refresh that went well took, waiting for its turn included.
    pub last_refresh: Option<Duration>,
    /// How long they took on average.
    pub mean_refresh: Option<Duration>,
}

/// The counters. Thread-safe.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    hits: AtomicU64,
    stale_hits: AtomicU64,
    misses: AtomicU64,
    evictions: AtomicU64,
    refreshes: AtomicU64,
    failed: AtomicU64,
    last_us: AtomicU64,
    total_us: AtomicU64,
}

impl Metrics {
    /// A read was served from here.
    pub fn hit(&self, stale: bool) {
        let counter = if stale { &self.stale_hits } else { &self.hits };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A read found nothing here.
    pub fn miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    /// Documents lost their content.
    pub fn evicted(&self, documents: u64) {
        self.evictions.fetch_add(documents, Ordering::Relaxed);
    }

    /// A refresh ended after `took`.
    pub fn refreshed(&self, well: bool, took: Duration) {
        if !well {
            self.failed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let took = took.as_micros() as u64;
        self.last_us.store(took, Ordering::Relaxed);
        self.total_us.fetch_add(took, Ordering::Relaxed);
        self.refreshes.fetch_add(1, Ordering::Relaxed);
    }

    /// The counters now.
    pub fn read(&self) -> CacheStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let refreshes = read(&self.refreshes);
        let some = |us: u64| (refreshes > 0).then(|| Duration::from_micros(us));
        CacheStats {
            hits: read(&self.hits),
            stale_hits: read(&self.stale_hits),
            misses: read(&self.misses),
            evictions: read(&self.evictions),
            refreshes,
            failed_refreshes: read(&self.failed),
            last_refresh: some(read(&self.last_us)),
            mean_refresh: some(read(&self.total_us) / refreshes.max(1)),
        }
    }
}

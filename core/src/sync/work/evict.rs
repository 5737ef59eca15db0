//! Keeping collections within their limits, after something came or was settled.

use super::cycle::Cycle;
use crate::error::Result;
use crate::repository::CollectionInfo;
use crate::store::eviction::{self, Limits};
use std::sync::Arc;

impl Cycle<'_> {
    /// Evicts from every collection that has a limit.
    pub async fn evict(&self) -> Result<()> {
        for info in self.deps.registry.bounded() {
            self.evict_from(info).await?;
        }
        Ok(())
    }

    async fn evict_from(&self, info: Arc<CollectionInfo>) -> Result<()> {
        // What a live query shows must be known before anything goes, and must not grow until it is gone.
        let shown = self.deps.watchers.shown(info.id).await;
        let limits = Limits { documents: info.cache.max_documents, bytes: info.cache.max_bytes };
        let spared = shown.rows.clone();
        let evicted = self
            .deps
            .store
            .write(move |tx| {
                eviction::note_uses(tx, info.id, &info.access_times.take())?;
                eviction::evict(tx, info.id, limits, &spared)
            })
            .await?;
        drop(shown);
        self.deps.metrics.evicted(evicted);
        Ok(())
    }
}

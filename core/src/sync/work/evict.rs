//! Keeping collections within their limits, after something came or was settled.

use crate::error::Result;
use crate::repository::CollectionInfo;
use crate::store::eviction::{self, Limits};
use crate::sync::deps::EngineDeps;
use std::sync::Arc;

/// Evicts from every collection that has a limit.
pub(in crate::sync) async fn evict(deps: &EngineDeps) -> Result<()> {
    for info in deps.registry.bounded() {
        evict_from(deps, info).await?;
    }
    Ok(())
}

async fn evict_from(deps: &EngineDeps, info: Arc<CollectionInfo>) -> Result<()> {
    // What a live query shows must be known before anything goes, and must not grow until it is gone.
    let shown = deps.watchers.shown(info.id).await;
    let limits = Limits { documents: info.cache.max_documents, bytes: info.cache.max_bytes };
    let spared = shown.rows.clone();
    let evicted = deps
        .store
        .write(move |tx| {
            eviction::note_uses(tx, info.id, &info.access_times.take())?;
            eviction::evict(tx, info.id, limits, &spared)
        })
        .await?;
    drop(shown);
    deps.metrics.evicted(evicted);
    Ok(())
}

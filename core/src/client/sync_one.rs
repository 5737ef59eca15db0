//! Syncing one collection.

use super::holm::Holm;
use crate::error::Result;
use crate::sync::{self, SyncReport};

impl Holm {
    /// Syncs one collection: sends what is queued in it, then reads it. Other collections, and the time of the last complete sync, stay as they
    /// are. A group of writes is sent only if all of it belongs to this collection. Dropping the future gives up waiting, not the sync.
    ///
    /// # Errors
    /// `INVALID_NAME`, and those of [`sync`](Self::sync). `FORBIDDEN` or `REFUSED` if the server refuses this collection.
    pub async fn sync_collection(&self, name: &str) -> Result<SyncReport> {
        self.collection(name)?;
        self.engine()?.sync_collection(name).await
    }

    /// Reads one collection anew from its beginning, whatever its cursor says, and then syncs it. Its documents stay visible meanwhile, and queued
    /// writes stay queued: they are sent after the reading. What the server no longer has goes at the end of the reading. Interrupted at any
    /// point, the next sync goes on with it.
    ///
    /// # Errors
    /// Those of [`sync_collection`](Self::sync_collection), and of storage.
    pub async fn resync_collection(&self, name: &str) -> Result<SyncReport> {
        let collection = self.inner.context.registry.ensure(self.store(), name)?.id;
        let engine = self.engine()?;
        self.store().write(move |tx| sync::restart(tx, collection, None)).await?;
        engine.sync_collection(name).await
    }
}

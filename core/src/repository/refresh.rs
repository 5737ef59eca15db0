//! What reads ask of the sync engine.

use crate::error::Result;
use async_trait::async_trait;

/// Something that is to be brought up to date: a collection, or one document of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RefreshKey {
    pub collection: String,
    /// The document. The whole collection if `None`.
    pub id: Option<String>,
}

/// Reads from the server on behalf of a read of the app: the sync engine, or a stand-in in tests.
#[async_trait]
pub(crate) trait Refresher: Send + Sync {
    /// Brings something up to date. It goes on if the caller stops waiting.
    ///
    /// # Errors
    /// Those of the network, `SUSPENDED`, `CLOSED`.
    async fn refresh(&self, key: RefreshKey) -> Result<()>;
}

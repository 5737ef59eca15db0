//! What reads ask of whoever talks to the server.

use crate::error::Result;
use async_trait::async_trait;

/// Something that is to be brought up to date: a collection, or one document of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RefreshKey {
    pub collection: String,
    /// The document; none: the whole collection.
    pub id: Option<String>,
}

/// Whoever talks to the server.
#[async_trait]
pub(crate) trait Refresher: Send + Sync {
    /// Brings something up to date. It goes on if the caller stops waiting.
    ///
    /// # Errors
    /// Those of the network, `SUSPENDED`, `CLOSED`.
    async fn refresh(&self, key: RefreshKey) -> Result<()>;
}

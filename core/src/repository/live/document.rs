//! One document, live.

use super::observation::LiveQueryCloser;
use super::query::LiveQuery;
use crate::error::Result;
use crate::model::Document;
use std::sync::Arc;

/// A live document. Dropping it ends it.
pub struct LiveDocument(LiveQuery);

impl LiveDocument {
    /// `query` lets one document through at most.
    pub(in crate::repository) fn new(query: LiveQuery) -> Self {
        Self(query)
    }

    /// The document: at once the first time, later when its content or status has changed; `Some(Ok(None))` when it is not there: never made,
    /// deleted, or evicted. `None` after this or the client was closed. Otherwise as [`LiveQuery::next`].
    ///
    /// # Errors
    /// Those of storage; the next call tries again.
    pub async fn next(&mut self) -> Option<Result<Option<Arc<Document>>>> {
        let snapshot = self.0.next().await?;
        Some(snapshot.map(|snapshot| snapshot.documents.first().cloned()))
    }

    /// A handle that ends this from another task or thread.
    pub fn closer(&self) -> LiveQueryCloser {
        self.0.closer()
    }
}

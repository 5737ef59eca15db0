//! Figures over a query, live.

use super::list::DocumentList;
use super::observation::{LiveQueryCloser, Observation, Shown};
use crate::error::Result;
use crate::repository::context::RepositoryContext;
use crate::repository::query::{AggregateRow, AggregateSelect};
use crate::repository::registry::CollectionInfo;
use std::sync::Arc;

/// Live figures. Dropping it ends it.
pub struct LiveAggregate {
    observation: Observation,
    select: AggregateSelect,
    shown: Option<Vec<AggregateRow>>,
}

impl Shown for Vec<AggregateRow> {
    fn documents(&self) -> Option<(&DocumentList, [&[String]; 2])> {
        None
    }
}

impl LiveAggregate {
    pub(in crate::repository) fn new(
        context: Arc<RepositoryContext>,
        info: Arc<CollectionInfo>,
        select: AggregateSelect,
    ) -> Self {
        Self { observation: Observation::new(context, info), select, shown: None }
    }

    /// The figures: at once the first time, later when one of them has changed. `None` after this or the client was closed. Otherwise as
    /// [`LiveQuery::next`](super::LiveQuery::next). Each change of the collection costs one pass over the documents that the filter lets through.
    ///
    /// # Errors
    /// Those of storage; the next call tries again.
    pub async fn next(&mut self) -> Option<Result<Vec<AggregateRow>>> {
        let (select, shown) = (&self.select, &mut self.shown);
        self.observation
            .next(|connection, _| {
                let now = select.run(connection)?;
                if shown.as_ref() == Some(&now) {
                    return Ok(None);
                }
                *shown = Some(now.clone());
                Ok(Some(now))
            })
            .await
    }

    /// A handle that ends this from another task or thread.
    pub fn closer(&self) -> LiveQueryCloser {
        self.observation.closer()
    }
}

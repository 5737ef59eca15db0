//! Figures over a query: once, and live. Figures and rows cross as JSON texts.

use crate::collection::{FfiCollection, parse_query};
use crate::error::Result;
use crate::runtime::run;
use holm_core::{Aggregate, AggregateRow, Error, FieldPath, LiveAggregate, LiveQueryCloser};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Mutex;

#[uniffi::export]
impl FfiCollection {
    /// Computes figures over the documents that a query lets through: `figures` is `[{"count":true},{"sum":"path"},…]`, the result
    /// `[{"by":v,"values":[…]},…]`, one row for each value of the field `by`.
    pub fn aggregate(&self, query: String, figures: String, by: Option<String>) -> Result<String> {
        let (figures, by) = parse(&figures, by)?;
        Ok(text(&self.collection.aggregate(&parse_query(&query)?, &figures, by.as_ref())?))
    }

    /// Watches such figures.
    pub fn live_aggregate(&self, query: String, figures: String, by: Option<String>) -> Result<Arc<FfiLiveAggregate>> {
        let (figures, by) = parse(&figures, by)?;
        let live = self.collection.live_aggregate(&parse_query(&query)?, &figures, by.as_ref())?;
        Ok(Arc::new(FfiLiveAggregate { closer: live.closer(), live: Arc::new(Mutex::new(live)) }))
    }
}

/// Watched figures. One caller asks at a time.
#[derive(uniffi::Object)]
pub struct FfiLiveAggregate {
    live: Arc<Mutex<LiveAggregate>>,
    closer: LiveQueryCloser,
}

#[uniffi::export]
impl FfiLiveAggregate {
    /// The next rows, as [`aggregate`](FfiCollection::aggregate) gives them. `None` after [`close`](Self::close) or when the client is
    /// closed.
    pub async fn next(&self) -> Result<Option<String>> {
        let live = self.live.clone();
        let rows = run(async move { live.lock().await.next().await.transpose() }).await?;
        Ok(rows.map(|rows| text(&rows)))
    }

    /// Ends the watch: a waiting `next` returns nothing. Returns at once.
    pub fn close(&self) {
        self.closer.close();
    }
}

fn parse(figures: &str, by: Option<String>) -> Result<(Vec<Aggregate>, Option<FieldPath>)> {
    let wrong = |message: String| Error::InvalidInput { code: holm_core::ErrorCode::InvalidQuery, message };
    let json: Vec<Value> =
        serde_json::from_str(figures).map_err(|e| wrong(format!("the figures are not a JSON list: {e}")))?;
    let figures = json.iter().map(Aggregate::parse).collect::<holm_core::Result<_>>()?;
    Ok((figures, by.map(|path| FieldPath::new(&path)).transpose()?))
}

fn text(rows: &[AggregateRow]) -> String {
    let rows = rows.iter().map(|row| match &row.by {
        Some(by) => json!({"by": by, "values": row.values}),
        None => json!({"values": row.values}),
    });
    Value::Array(rows.collect()).to_string()
}

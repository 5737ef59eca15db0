//! Runs CPU-heavy work: hashing passwords, compressing replies, reading large bodies.

use crate::store::StoreError;

/// Where CPU-heavy work runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Executor {
    /// On the task that asks: the same calls give the same order of events.
    Inline,
    /// On tokio's threads for blocking work.
    Pool,
}

impl Executor {
    /// Runs `work`. Dropping the future gives up the answer, not the work.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        match self {
            Self::Inline => Ok(work()),
            Self::Pool => tokio::task::spawn_blocking(work).await.map_err(|error| {
                StoreError::Broken(if error.is_panic() { "panicked" } else { "cancelled" }.to_owned())
            }),
        }
    }
}

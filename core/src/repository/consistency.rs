//! When a write of a collection returns.

use crate::error::Result;
use crate::model::OpId;
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use std::time::Duration;

/// When a write of a collection returns, and how it is judged. Reads are local in both; to read through, name
/// [`CachePolicy::NetworkOnly`](crate::CachePolicy::NetworkOnly).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consistency {
    /// As soon as it is durable here. It is sent later, and merged by the collection's strategy. The default.
    #[default]
    Eventual,
    /// Once the server has accepted it. It is judged whole against the version that this device had: it is never merged, and after an error
    /// the document shows what the server has. The collection's strategy and rules do not matter.
    Confirmed {
        /// The longest that a call waits for the server.
        timeout: Duration,
    },
}

impl Consistency {
    /// [`Confirmed`](Self::Confirmed) with a timeout of 30 seconds.
    pub const fn confirmed() -> Self {
        Self::Confirmed { timeout: Duration::from_secs(30) }
    }
}

/// What a transaction has queued, and the server must have accepted before its call returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unconfirmed {
    /// The group of its operations.
    pub group: String,
    /// Not empty.
    pub ops: Vec<OpId>,
    pub timeout: Duration,
}

/// Waits for the server's word on writes.
#[async_trait]
pub(crate) trait Confirmer: Send + Sync {
    /// Whether the server can be asked now.
    ///
    /// # Errors
    /// `OFFLINE`, `SIGNED_OUT`, `SUSPENDED`, `CLOSED`.
    fn ready(&self) -> Result<()>;

    /// Runs a write to its end, whether or not its caller waits. The client is neither suspended nor closed before that.
    fn spawn(&self, write: BoxFuture<'static, ()>);

    /// Waits until the server has accepted a write, or until `gone` completes: then no caller waits any more.
    ///
    /// # Errors
    /// `VERSION_MISMATCH` or `REFUSED` for a write that has no effect; `UNCONFIRMED` for one of which that is not known. Any other error:
    /// it was never sent, and has been taken back.
    async fn confirm(&self, write: Unconfirmed, gone: BoxFuture<'_, ()>) -> Result<()>;
}

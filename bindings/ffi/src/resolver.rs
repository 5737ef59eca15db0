//! The app's own decisions about conflicts.

use crate::resolution::{FfiConflict, FfiResolution};
use crate::runtime::runtime;
use holm_core::{Conflict, ConflictResolver, Resolution};
use std::sync::Arc;
use std::time::Duration;

/// The app's resolver of a collection. Called on the core's threads, with no lock held and outside of transactions; the core waits
/// for a bounded time, and drops the future when it is over.
#[uniffi::export(foreign)]
#[async_trait::async_trait]
pub trait FfiConflictResolver: Send + Sync {
    /// What becomes of a conflict. `None`, and a failure: a person decides.
    async fn resolve(&self, conflict: FfiConflict) -> Result<Option<FfiResolution>, FfiResolverError>;
}

/// Why the app's resolver decided nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error, uniffi::Error)]
pub enum FfiResolverError {
    /// It threw.
    #[error("{reason}")]
    Failed {
        /// What, without content of documents.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for FfiResolverError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        // Its own words may quote the document.
        let _ = error;
        Self::Failed { reason: "an unexpected failure".to_owned() }
    }
}

/// The app's resolver, as the core asks it.
pub(crate) struct HostResolver(pub Arc<dyn FfiConflictResolver>);

/// So long the host has for a decision: as long as the core waits for this thread.
const HOST_TIME: Duration = Duration::from_secs(5);

impl ConflictResolver for HostResolver {
    /// Called on a thread of its own, which may block. The future is dropped when the time is over, which cancels the host's task.
    fn resolve(&self, conflict: &Conflict) -> Result<Resolution, String> {
        let runtime = runtime().map_err(|error| error.to_string())?;
        let asked = self.0.resolve(conflict.clone().into());
        let decision = runtime.block_on(async { tokio::time::timeout(HOST_TIME, asked).await });
        match decision {
            Ok(Ok(Some(decision))) => Ok(decision.into()),
            Ok(Ok(None)) => Err("it leaves the decision to a person".to_owned()),
            Ok(Err(FfiResolverError::Failed { reason })) => Err(reason),
            Err(_) => Err("it took too long".to_owned()),
        }
    }
}

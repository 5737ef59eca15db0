//! Where the host's own tokens come from.

use holm_core::TokenProvider;
use std::sync::Arc;

/// The host's own sign-in. Called on the core's threads, with no lock held; the core waits for a bounded time, and drops the future when it is over.
#[uniffi::export(foreign)]
#[async_trait::async_trait]
pub trait FfiTokenProvider: Send + Sync {
    /// A token that is good now. `None`: the user has signed out there.
    async fn token(&self) -> Result<Option<String>, FfiTokenError>;
}

/// Why the host has no token at the moment.
#[derive(Debug, Clone, PartialEq, thiserror::Error, uniffi::Error)]
pub enum FfiTokenError {
    /// It threw.
    #[error("{reason}")]
    Failed {
        /// What, without secrets.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for FfiTokenError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        // Its own words may quote the token.
        let _ = error;
        Self::Failed { reason: "an unexpected failure".to_owned() }
    }
}

/// The host's own sign-in, as the core asks it.
pub(crate) struct HostTokens(pub Arc<dyn FfiTokenProvider>);

#[async_trait::async_trait]
impl TokenProvider for HostTokens {
    async fn token(&self) -> Result<Option<String>, String> {
        self.0.token().await.map_err(|FfiTokenError::Failed { reason }| reason)
    }
}

//! Where the host keeps secrets.

use holm_core::{Error, ErrorCode, SecretStore};
use std::sync::Arc;

/// The host's keychain. Called on the core's own threads, with no lock held; a call may take some milliseconds.
#[uniffi::export(foreign)]
pub trait FfiSecretStore: Send + Sync {
    /// Reads a secret; none if it was never set, or is lost for good.
    fn get(&self, name: String) -> Result<Option<String>, FfiSecretError>;
    /// Keeps a secret.
    fn set(&self, name: String, value: String) -> Result<(), FfiSecretError>;
    /// Forgets a secret; nothing happens if there is none.
    fn remove(&self, name: String) -> Result<(), FfiSecretError>;
}

/// Why the host's keychain did not do what it was asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error, uniffi::Error)]
pub enum FfiSecretError {
    /// It cannot be used at the moment, for example before the first unlock.
    #[error("{reason}")]
    Unavailable {
        /// What happened, without the secret.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for FfiSecretError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable { reason: error.reason }
    }
}

impl From<FfiSecretError> for Error {
    fn from(error: FfiSecretError) -> Self {
        let code = ErrorCode::StorageUnavailable;
        Error::Storage { code, message: format!("the store for secrets cannot be used: {error}") }
    }
}

/// The host's keychain, as the core asks it.
pub(crate) struct HostSecrets(pub Arc<dyn FfiSecretStore>);

impl SecretStore for HostSecrets {
    fn get(&self, name: &str) -> holm_core::Result<Option<String>> {
        Ok(self.0.get(name.to_owned())?)
    }

    fn set(&self, name: &str, value: &str) -> holm_core::Result<()> {
        Ok(self.0.set(name.to_owned(), value.to_owned())?)
    }

    fn remove(&self, name: &str) -> holm_core::Result<()> {
        Ok(self.0.remove(name.to_owned())?)
    }
}

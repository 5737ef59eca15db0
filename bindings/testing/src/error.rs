//! The one error of this library.

/// The server did not start.
#[derive(Debug, Clone, PartialEq, thiserror::Error, uniffi::Error)]
pub enum FfiTestServerError {
    /// The only kind.
    #[error("{reason}")]
    Failed {
        /// Why: the key of the configuration that is wrong, or what the system says.
        reason: String,
    },
}

impl FfiTestServerError {
    pub(crate) fn new(reason: impl ToString) -> Self {
        Self::Failed { reason: reason.to_string() }
    }
}

//! The one error that crosses the boundary.

use holm_core::{Error, ErrorCode};

/// A failure: `code` is stable and is what hosts switch on.
#[derive(Debug, Clone, PartialEq, thiserror::Error, uniffi::Error)]
pub enum FfiError {
    /// The only kind; the code tells them apart.
    #[error("{code}: {message}")]
    Failure {
        /// Stable name of the failure, see `docs/error-codes.md`.
        code: String,
        /// What happened, without content of documents and without secrets.
        message: String,
        /// One sentence: what the app or its user can do.
        recovery: String,
        /// Whether the same call can succeed later without a change by the app.
        retryable: bool,
        /// The server's own code, if the server refused.
        server_code: Option<String>,
        /// How long the server asked to wait.
        retry_after_ms: Option<u64>,
        /// The operation that is not confirmed, with `UNCONFIRMED`.
        op_id: Option<String>,
    },
}

/// A failure that is told and not thrown. The same fields as in [`FfiError`].
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
#[allow(missing_docs)]
pub struct FfiFailure {
    pub code: String,
    pub message: String,
    pub recovery: String,
    pub retryable: bool,
    pub server_code: Option<String>,
    pub retry_after_ms: Option<u64>,
    pub op_id: Option<String>,
}

impl From<Error> for FfiFailure {
    fn from(error: Error) -> Self {
        let (server_code, retry_after_ms) = match &error {
            Error::Refused { server_code, .. } => (Some(server_code.to_string()), None),
            Error::Busy { retry_after, .. } => (None, retry_after.map(|wait| wait.as_millis() as u64)),
            _ => (None, None),
        };
        let op_id = match &error {
            Error::Unconfirmed { op, .. } => Some(op.to_string()),
            _ => None,
        };
        Self {
            code: error.code().as_str().to_owned(),
            message: error.to_string(),
            recovery: error.recovery().to_owned(),
            retryable: error.retryable(),
            server_code,
            retry_after_ms,
            op_id,
        }
    }
}

impl From<Error> for FfiError {
    fn from(error: Error) -> Self {
        let FfiFailure { code, message, recovery, retryable, server_code, retry_after_ms, op_id } = error.into();
        Self::Failure { code, message, recovery, retryable, server_code, retry_after_ms, op_id }
    }
}

impl FfiError {
    /// A failure that arises here.
    pub(crate) fn of(code: ErrorCode) -> Self {
        Error::State { code, message: code.meaning().to_owned() }.into()
    }
}

/// Result of every exported call.
pub(crate) type Result<T> = std::result::Result<T, FfiError>;

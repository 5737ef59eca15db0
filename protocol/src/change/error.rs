//! Why a change was refused.

use std::fmt;

/// A change that cannot be made. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeError {
    /// The change is malformed, or does not fit the value that is there: `INVALID_DOCUMENT` on a device, `VALIDATION_ERROR` on
    /// the server.
    Invalid {
        /// The place: a JSON Pointer, or the name of a member of the request.
        place: String,
        /// What is wrong, as the end of a sentence that begins with the place.
        message: String,
    },
    /// The patch holds an operator (`{"$…": …}`) that does not exist: `UNSUPPORTED`.
    Unsupported {
        /// The place: a JSON Pointer.
        place: String,
        /// The operator.
        operator: String,
    },
}

impl ChangeError {
    pub(super) fn invalid(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { place: place.into(), message: message.into() }
    }

    /// The place of the fault: a JSON Pointer, or the name of a member of the request.
    pub fn place(&self) -> &str {
        match self {
            Self::Invalid { place, .. } | Self::Unsupported { place, .. } => place,
        }
    }
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { place, message } => write!(f, "{place:?} {message}"),
            Self::Unsupported { place, operator } => write!(f, "{operator:?} in {place:?} is not a field operation"),
        }
    }
}

impl std::error::Error for ChangeError {}

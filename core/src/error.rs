//! The public error: what went wrong, by what the caller can do about it.
//!
//! Invariants:
//! - Every failure has one stable [`ErrorCode`]; hosts switch on codes, never on messages.
//! - A message names the thing at fault and never holds a token, a password or a document's content.
//! - An error never means that an acknowledged write was lost: it is still in the outbox, parked or journalled.

use std::borrow::Cow;
use std::time::Duration;

/// Result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure, as an app sees it. About ten kinds, each with a stable [`code`](Error::code).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The call itself is wrong: fix the argument. Nothing was changed.
    #[error("{message}")]
    InvalidInput {
        /// Which kind of argument is wrong.
        code: ErrorCode,
        /// What is wrong with it.
        message: String,
    },
    /// The named document, operation or conflict does not exist.
    #[error("{what} {id:?} does not exist")]
    NotFound {
        /// What was looked for: `document`, `operation`, `conflict`.
        what: &'static str,
        /// Its identifier.
        id: String,
    },
    /// A document with this id is already there.
    #[error("document {id:?} already exists in {collection:?}")]
    AlreadyExists {
        /// The collection.
        collection: String,
        /// The document's id.
        id: String,
    },
    /// The local database cannot be used as asked. The file was not touched.
    #[error("{message}")]
    Storage {
        /// Why: unavailable, corrupt, too new, full, foreign.
        code: ErrorCode,
        /// Detail.
        message: String,
    },
    /// The server could not be reached, or what answered was not the server.
    #[error("{message}")]
    Network {
        /// What kind of failure.
        code: ErrorCode,
        /// Detail, without headers or bodies.
        message: String,
    },
    /// The server asks to wait.
    #[error("{message}")]
    Busy {
        /// `RATE_LIMITED` or `SERVICE_UNAVAILABLE`.
        code: ErrorCode,
        /// Detail.
        message: String,
        /// How long the server asked to wait, if it said.
        retry_after: Option<Duration>,
    },
    /// Signing in is needed, or not allowed. The outbox is kept.
    #[error("{message}")]
    Auth {
        /// `SIGNED_OUT`, `UNAUTHORIZED`, `FORBIDDEN`, `ACCOUNT_MISMATCH`.
        code: ErrorCode,
        /// Detail.
        message: String,
    },
    /// The server understood the request and refused it for good.
    #[error("{server_code}: {message}")]
    Refused {
        /// The server's own code, for example `VALIDATION_ERROR`.
        server_code: Cow<'static, str>,
        /// The server's message.
        message: String,
    },
    /// A write that was sent, and of which nothing is known yet. It is in the queue and goes again unchanged; it is never doubled.
    #[error("operation {op}: {message}")]
    Unconfirmed {
        /// The write, for [`Holm::confirmed`](crate::Holm::confirmed).
        op: crate::model::OpId,
        /// Why the call ended before the server's word.
        message: String,
    },
    /// The client is closed, suspended or being cancelled; or the action needs a decision first.
    #[error("{message}")]
    State {
        /// `CLOSED`, `SUSPENDED`, `CANCELLED`, `PENDING_WRITES`, `EVICTED`, `UNSUPPORTED`.
        code: ErrorCode,
        /// Detail.
        message: String,
    },
    /// A defect in Holm. Please report it with the message.
    #[error("internal error: {message}")]
    Internal {
        /// What was found to be impossible.
        message: String,
    },
}

macro_rules! codes {
    ($($variant:ident = $text:literal, $retryable:literal, $meaning:literal, $recovery:literal;)*) => {
        /// Stable machine-readable names of failures. `docs/error-codes.md` is generated from this list.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = $meaning] $variant,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)*];

            /// The stable text of the code, for example `"OFFLINE"`.
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $text,)* }
            }

            /// Whether the same call can succeed later without a change by the app.
            pub const fn retryable(self) -> bool {
                match self { $(ErrorCode::$variant => $retryable,)* }
            }

            /// One sentence: what happened.
            pub const fn meaning(self) -> &'static str {
                match self { $(ErrorCode::$variant => $meaning,)* }
            }

            /// One sentence: what the app or its user can do.
            pub const fn recovery(self) -> &'static str {
                match self { $(ErrorCode::$variant => $recovery,)* }
            }
        }
    };
}

codes! {
    InvalidDocument = "INVALID_DOCUMENT", false, "The document is not a JSON object that can be stored.", "Correct the document; the message names the field.";
    DocumentTooLarge = "DOCUMENT_TOO_LARGE", false, "The document, or the edit, is larger than the server takes. Nothing was changed.", "Store less in one document: split it, or keep large content elsewhere.";
    GroupTooLarge = "GROUP_TOO_LARGE", false, "The group has more writes or bytes than the server takes at once. Nothing was changed.", "Make smaller groups.";
    InvalidQuery = "INVALID_QUERY", false, "The query cannot be understood.", "Correct the query; the message names the part.";
    InvalidName = "INVALID_NAME", false, "A collection name, document id or field path is not allowed.", "Use letters, digits and underscores for names, at most 128 bytes for ids; the message says what is wrong.";
    InvalidConfig = "INVALID_CONFIG", false, "The configuration cannot be used.", "Correct the setting that the message names.";
    NotFound = "NOT_FOUND", false, "The document, operation or conflict does not exist.", "Read the list again: it may have been deleted or settled.";
    AlreadyExists = "ALREADY_EXISTS", false, "A document with this id is already there.", "Update the document, or create it with another id.";
    Evicted = "EVICTED", false, "The document's content was given up to keep within the limits of its collection. Nothing was changed.", "Fetch the document, then write again.";
    VersionMismatch = "VERSION_MISMATCH", false, "The document is not at the version any more that the write was made from. Nothing was changed.", "Read the document again and make the change on that.";
    Unconfirmed = "UNCONFIRMED", false, "The write was sent, and the server's word on it has not come in time. It stays queued, and is never doubled.", "Wait for its outcome by the operation's id; do not write it again.";
    StorageUnavailable = "STORAGE_UNAVAILABLE", true, "The database file cannot be read or written at the moment.", "Try again; on iOS this happens before the first unlock.";
    StorageCorrupt = "STORAGE_CORRUPT", false, "The database file is damaged.", "Keep the file, export what can be read, then open a new directory.";
    StorageFull = "STORAGE_FULL", true, "The disk is full. Nothing was changed.", "Free some space and try again.";
    SchemaTooNew = "SCHEMA_TOO_NEW", false, "The database was written by a newer version of Holm. The file was not touched.", "Update the app.";
    NotAStore = "NOT_A_STORE", false, "The file is a database of something else. It was not touched.", "Open another directory.";
    Offline = "OFFLINE", true, "There is no network, or the server's address does not answer.", "Nothing: writes are kept and sent when the network is back.";
    Timeout = "TIMEOUT", true, "The server did not answer in time.", "Nothing: the sync is tried again.";
    ConnectionLost = "CONNECTION_LOST", true, "The connection broke before the whole answer had come.", "Nothing: the sync is tried again, and no write is doubled.";
    Certificate = "CERTIFICATE", true, "The server's certificate is not trusted.", "Check the network (a hotel or office gateway?) and the device's date.";
    Captive = "CAPTIVE", true, "Something other than the server answered: a captive portal, a proxy page or a redirect to another place.", "Sign in to the network, then sync again.";
    InvalidResponse = "INVALID_RESPONSE", true, "The server's answer does not follow the protocol.", "Check that the address is that of a Holm server; writes are kept.";
    ResponseTooLarge = "RESPONSE_TOO_LARGE", true, "The answer is larger than the limits allow.", "Check the server; writes are kept.";
    RateLimited = "RATE_LIMITED", true, "The server asks to slow down.", "Nothing: Holm waits as long as the server asked.";
    ServiceUnavailable = "SERVICE_UNAVAILABLE", true, "The server is down for the moment.", "Nothing: the sync is tried again.";
    ServerError = "SERVER_ERROR", true, "The server failed.", "Nothing: the sync is tried again; writes are kept.";
    SignedOut = "SIGNED_OUT", false, "There is no session.", "Sign in; local data and pending writes are kept.";
    Unauthorized = "UNAUTHORIZED", false, "The server does not accept the session or the password.", "Sign in again; local data and pending writes are kept.";
    TokenUnavailable = "TOKEN_UNAVAILABLE", true, "The app's token provider has no token at the moment.", "Nothing: the sync is tried again; the message says what the provider met with.";
    Forbidden = "FORBIDDEN", false, "The account may not do this.", "Ask for access, or discard the write.";
    AccountMismatch = "ACCOUNT_MISMATCH", false, "This store holds the data of another account.", "Sign out with a wipe first, or open another directory.";
    UpgradeRequired = "CLIENT_UPGRADE_REQUIRED", false, "The server no longer speaks with this version.", "Update the app; pending writes are kept.";
    Refused = "REFUSED", false, "The server refused the request for good.", "Correct what the message names.";
    PendingWrites = "PENDING_WRITES", false, "There are writes that the server has not accepted yet.", "Sync first, or say explicitly that they shall be discarded.";
    Suspended = "SUSPENDED", true, "The client is suspended: its files are closed.", "Resume it first.";
    Closed = "CLOSED", false, "The client has been closed.", "Open a new one.";
    Cancelled = "CANCELLED", true, "The caller cancelled the call.", "Call again if it is still wanted.";
    Unsupported = "UNSUPPORTED", false, "This feature is not available here.", "See the documentation for what is.";
    Internal = "INTERNAL", false, "A defect in Holm.", "Please report it with the message.";
}

impl Error {
    /// The stable code of this failure.
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::InvalidInput { code, .. }
            | Error::Storage { code, .. }
            | Error::Network { code, .. }
            | Error::Busy { code, .. }
            | Error::Auth { code, .. }
            | Error::State { code, .. } => *code,
            Error::NotFound { .. } => ErrorCode::NotFound,
            Error::AlreadyExists { .. } => ErrorCode::AlreadyExists,
            Error::Refused { .. } => ErrorCode::Refused,
            Error::Unconfirmed { .. } => ErrorCode::Unconfirmed,
            Error::Internal { .. } => ErrorCode::Internal,
        }
    }

    /// The server's own code if it refused the request, else that of [`code`](Self::code).
    pub(crate) fn text_code(&self) -> &str {
        match self {
            Error::Refused { server_code, .. } => server_code,
            other => other.code().as_str(),
        }
    }

    /// Whether the same call can succeed later without a change by the app.
    pub fn retryable(&self) -> bool {
        self.code().retryable()
    }

    /// One sentence for people: what the app or its user can do.
    pub fn recovery(&self) -> &'static str {
        self.code().recovery()
    }

    pub(crate) fn invalid(code: ErrorCode, message: impl Into<String>) -> Self {
        Error::InvalidInput { code, message: message.into() }
    }

    pub(crate) fn document(message: impl Into<String>) -> Self {
        Self::invalid(ErrorCode::InvalidDocument, message)
    }

    pub(crate) fn query(message: impl Into<String>) -> Self {
        Self::invalid(ErrorCode::InvalidQuery, message)
    }

    /// The failure of asking a server where there is none.
    pub(crate) fn no_server() -> Self {
        Self::invalid(ErrorCode::InvalidConfig, "no server is configured")
    }

    pub(crate) fn not_found(what: &'static str, id: impl Into<String>) -> Self {
        Error::NotFound { what, id: id.into() }
    }

    pub(crate) fn network(code: ErrorCode, message: impl Into<String>) -> Self {
        Error::Network { code, message: message.into() }
    }

    pub(crate) fn auth(code: ErrorCode, message: impl Into<String>) -> Self {
        Error::Auth { code, message: message.into() }
    }

    pub(crate) fn state(code: ErrorCode) -> Self {
        Error::State { code, message: code.meaning().to_owned() }
    }

    /// What is in the database is not what was written.
    pub(crate) fn damaged(why: impl std::fmt::Display) -> Self {
        let code = ErrorCode::StorageCorrupt;
        Self::Storage { code, message: format!("{} ({why})", code.meaning()) }
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Error::Internal { message: message.into() }
    }
}

impl From<crate::model::ChangeError> for Error {
    fn from(error: crate::model::ChangeError) -> Self {
        match error {
            crate::model::ChangeError::Unsupported { .. } => {
                Self::State { code: ErrorCode::Unsupported, message: error.to_string() }
            }
            crate::model::ChangeError::Invalid { .. } => Self::document(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_say_what_to_do() {
        let texts: BTreeSet<_> = ErrorCode::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(texts.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert!(code.meaning().ends_with('.') && code.recovery().ends_with('.'), "{code:?}");
        }
    }
}

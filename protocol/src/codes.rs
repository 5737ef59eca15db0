//! Codes of failures on the wire: the table of `docs/protocol.md`, section 4.

use std::fmt;

macro_rules! codes {
    ($($variant:ident = $text:literal, $status:literal, $retryable:literal, $meaning:literal;)*) => {
        /// What a request or an operation failed with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $meaning] $variant,)* }

        impl Code {
            /// Every code, in the order of its status.
            pub const ALL: &'static [Code] = &[$(Self::$variant,)*];

            /// The text on the wire: `"VERSION_CONFLICT"`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The code with this text; `None` if this build does not know it.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }

            /// The HTTP status, where a request fails as a whole.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// Whether the same request may succeed later.
            pub const fn retryable(self) -> bool {
                match self { $(Self::$variant => $retryable,)* }
            }
        }
    };
}

codes! {
    ValidationError = "VALIDATION_ERROR", 400, false, "The request or operation breaks a rule; `details` names the members.";
    UnsupportedApiVersion = "UNSUPPORTED_API_VERSION", 400, false, "The server does not speak this version of the protocol.";
    ClientUpgradeRequired = "CLIENT_UPGRADE_REQUIRED", 400, false, "The app is older than the server serves.";
    CursorInvalid = "CURSOR_INVALID", 400, false, "The cursor is none, or belongs to another stream.";
    Unauthorized = "UNAUTHORIZED", 401, false, "No valid token, or a wrong password.";
    TokenExpired = "TOKEN_EXPIRED", 401, false, "The session token has expired: refresh it.";
    SessionRevoked = "SESSION_REVOKED", 401, false, "The session was ended.";
    Forbidden = "FORBIDDEN", 403, false, "The account may not do this.";
    QuotaExceeded = "QUOTA_EXCEEDED", 403, false, "The account has reached a quota; `currentUsage`, `limit` and `upgradeUrl` say more.";
    NotFound = "NOT_FOUND", 404, false, "There is no such path.";
    RecordNotFound = "RECORD_NOT_FOUND", 404, false, "There is no such record, and no tombstone of it.";
    OperationUnknown = "OPERATION_UNKNOWN", 404, false, "No operation with this id has an effect: the answer to one that asks.";
    MethodNotAllowed = "METHOD_NOT_ALLOWED", 405, false, "The path has no such method.";
    VersionConflict = "VERSION_CONFLICT", 409, false, "The record was changed since the version that the write is based on.";
    RecordDeleted = "RECORD_DELETED", 409, false, "The record was deleted.";
    RecordExists = "RECORD_EXISTS", 409, false, "Another record has this id.";
    OpSequenceReused = "OP_SEQUENCE_REUSED", 409, false, "The server has confirmed a later operation of this device: its store was restored or copied.";
    OperationForgotten = "OPERATION_FORGOTTEN", 409, false, "The operation was sent before, so long ago that the server no longer knows what became of it.";
    BatchAborted = "BATCH_ABORTED", 409, false, "Another operation of an atomic batch failed.";
    GroupAborted = "GROUP_ABORTED", 409, false, "Another operation of the group failed.";
    DependencyFailed = "DEPENDENCY_FAILED", 409, false, "An earlier operation on the same record failed.";
    IdempotencyInProgress = "IDEMPOTENCY_IN_PROGRESS", 409, true, "A request with this key is being worked on.";
    CursorExpired = "CURSOR_EXPIRED", 410, false, "Tombstones after the cursor are gone: read the stream anew.";
    EpochChanged = "EPOCH_CHANGED", 410, false, "The server's database is another one: read the streams anew.";
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", 413, false, "The request, or the record, is larger than the limits.";
    UnsupportedEncoding = "UNSUPPORTED_ENCODING", 415, false, "The body is compressed with something else than gzip.";
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", 415, false, "The body is not JSON.";
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", 422, false, "The key or operation id came before with another content.";
    ActionRefused = "ACTION_REFUSED", 422, false, "The handler of the action refuses the call; `reason` is its own code.";
    ActionFailed = "ACTION_FAILED", 422, false, "The action was tried for as long as the server tries, without result.";
    PreconditionRequired = "PRECONDITION_REQUIRED", 428, false, "The collection demands the version that a write is based on.";
    RateLimited = "RATE_LIMITED", 429, true, "Too many requests; `retryAfter` says how long to wait.";
    ServerError = "SERVER_ERROR", 500, true, "The server failed.";
    SyncInterrupted = "SYNC_INTERRUPTED", 503, true, "The server failed in the middle of a batch; `results` has what was done.";
    ServiceUnavailable = "SERVICE_UNAVAILABLE", 503, true, "The server cannot do this at the moment.";
    Timeout = "TIMEOUT", 504, true, "The server did not finish in time.";
}

impl Code {
    /// A short text for people: `Version conflict`.
    pub fn title(self) -> String {
        let text = self.as_str().to_ascii_lowercase().replace('_', " ");
        let (first, rest) = text.split_at(1);
        first.to_ascii_uppercase() + rest
    }

    /// The URI of this kind of problem (RFC 9457): `urn:holm:error:version-conflict`.
    pub fn urn(self) -> String {
        format!("urn:holm:error:{}", self.as_str().to_ascii_lowercase().replace('_', "-"))
    }

    /// The code that says most about a bare HTTP status.
    pub const fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            413 => Self::PayloadTooLarge,
            415 => Self::UnsupportedMediaType,
            503 => Self::ServiceUnavailable,
            504 | 408 => Self::Timeout,
            400..500 => Self::ValidationError,
            _ => Self::ServerError,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

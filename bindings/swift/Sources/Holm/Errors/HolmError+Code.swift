extension HolmError {
    /// The stable name of a kind of failure. Later versions may know more of them: leave a `default` in every `switch`.
    public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The name on every platform, for example `OFFLINE`.
        public let rawValue: String

        /// A code by its name.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The name.
        public var description: String { rawValue }
    }
}

// The list of core/src/error.rs; a test holds them together.
extension HolmError.Code {
    // MARK: The call is wrong; nothing was changed

    /// The document is not a JSON object that can be stored, or does not fit the type it is read as.
    public static let invalidDocument = Self(rawValue: "INVALID_DOCUMENT")
    /// The document, or the edit, is larger than the server takes. Nothing was changed.
    public static let documentTooLarge = Self(rawValue: "DOCUMENT_TOO_LARGE")
    /// The group has more writes or bytes than the server takes at once. Nothing was changed.
    public static let groupTooLarge = Self(rawValue: "GROUP_TOO_LARGE")
    /// The query cannot be understood.
    public static let invalidQuery = Self(rawValue: "INVALID_QUERY")
    /// A collection name, document id or field path is not allowed.
    public static let invalidName = Self(rawValue: "INVALID_NAME")
    /// The configuration cannot be used.
    public static let invalidConfig = Self(rawValue: "INVALID_CONFIG")
    /// The document, operation or conflict does not exist.
    public static let notFound = Self(rawValue: "NOT_FOUND")
    /// A document with this id is already there.
    public static let alreadyExists = Self(rawValue: "ALREADY_EXISTS")
    /// The document's content was given up to keep within the limits of its collection. Nothing was changed.
    public static let evicted = Self(rawValue: "EVICTED")
    /// The document is not at the version any more that the write was made from. Nothing was changed.
    public static let versionMismatch = Self(rawValue: "VERSION_MISMATCH")

    // MARK: The database

    /// The database file cannot be read or written at the moment.
    public static let storageUnavailable = Self(rawValue: "STORAGE_UNAVAILABLE")
    /// The database file is damaged.
    public static let storageCorrupt = Self(rawValue: "STORAGE_CORRUPT")
    /// The disk is full. Nothing was changed.
    public static let storageFull = Self(rawValue: "STORAGE_FULL")
    /// The database was written by a newer version of Holm. The file was not touched.
    public static let schemaTooNew = Self(rawValue: "SCHEMA_TOO_NEW")
    /// The file is a database of something else. It was not touched.
    public static let notAStore = Self(rawValue: "NOT_A_STORE")

    // MARK: The network; writes are kept and sent later

    /// There is no network, or the server's address does not answer.
    public static let offline = Self(rawValue: "OFFLINE")
    /// The server did not answer in time.
    public static let timeout = Self(rawValue: "TIMEOUT")
    /// The connection broke before the whole answer had come.
    public static let connectionLost = Self(rawValue: "CONNECTION_LOST")
    /// The server's certificate is not trusted.
    public static let certificate = Self(rawValue: "CERTIFICATE")
    /// Something other than the server answered: a captive portal, a proxy page or a redirect to another place.
    public static let captive = Self(rawValue: "CAPTIVE")
    /// The server's answer does not follow the protocol.
    public static let invalidResponse = Self(rawValue: "INVALID_RESPONSE")
    /// The answer is larger than the limits allow.
    public static let responseTooLarge = Self(rawValue: "RESPONSE_TOO_LARGE")
    /// The server asks to slow down.
    public static let rateLimited = Self(rawValue: "RATE_LIMITED")
    /// The server is down for the moment.
    public static let serviceUnavailable = Self(rawValue: "SERVICE_UNAVAILABLE")
    /// The server failed.
    public static let serverError = Self(rawValue: "SERVER_ERROR")

    // MARK: The account and the server's word

    /// There is no session.
    public static let signedOut = Self(rawValue: "SIGNED_OUT")
    /// The server does not accept the session or the password.
    public static let unauthorized = Self(rawValue: "UNAUTHORIZED")
    /// The app's token provider has no token at the moment.
    public static let tokenUnavailable = Self(rawValue: "TOKEN_UNAVAILABLE")
    /// The account may not do this.
    public static let forbidden = Self(rawValue: "FORBIDDEN")
    /// This store holds the data of another account.
    public static let accountMismatch = Self(rawValue: "ACCOUNT_MISMATCH")
    /// The server no longer speaks with this version.
    public static let upgradeRequired = Self(rawValue: "CLIENT_UPGRADE_REQUIRED")
    /// The server refused the request for good; see ``HolmError/serverCode``.
    public static let refused = Self(rawValue: "REFUSED")

    /// The write was sent, and the server's word on it has not come in time; see ``HolmError/operationID``. It stays
    /// queued, and is never doubled.
    public static let unconfirmed = Self(rawValue: "UNCONFIRMED")

    // MARK: The client's state

    /// There are writes that the server has not accepted yet.
    public static let pendingWrites = Self(rawValue: "PENDING_WRITES")
    /// The client is suspended: its files are closed.
    public static let suspended = Self(rawValue: "SUSPENDED")
    /// The client has been closed.
    public static let closed = Self(rawValue: "CLOSED")
    /// The task that made the call was cancelled.
    public static let cancelled = Self(rawValue: "CANCELLED")
    /// This feature is not available here.
    public static let unsupported = Self(rawValue: "UNSUPPORTED")
    /// A defect in Holm.
    public static let `internal` = Self(rawValue: "INTERNAL")
}

package dev.holm

/**
 * The stable codes of failures: what [HolmException.code] holds.
 *
 * A newer core may have codes that are not here, so keep an `else` branch.
 */
public object ErrorCode {
    /** The document is not a JSON object that can be stored. */
    public const val INVALID_DOCUMENT: String = "INVALID_DOCUMENT"

    /** The document, or the edit, is larger than the server takes. Nothing was changed. */
    public const val DOCUMENT_TOO_LARGE: String = "DOCUMENT_TOO_LARGE"

    /** The group has more writes or bytes than the server takes at once. Nothing was changed. */
    public const val GROUP_TOO_LARGE: String = "GROUP_TOO_LARGE"

    /** The query cannot be understood. */
    public const val INVALID_QUERY: String = "INVALID_QUERY"

    /** A collection name, document id or field path is not allowed. */
    public const val INVALID_NAME: String = "INVALID_NAME"

    /** The configuration cannot be used. */
    public const val INVALID_CONFIG: String = "INVALID_CONFIG"

    /** The document, operation or conflict does not exist. */
    public const val NOT_FOUND: String = "NOT_FOUND"

    /** A document with this id is already there. */
    public const val ALREADY_EXISTS: String = "ALREADY_EXISTS"

    /** The document's content was given up to keep within the limits of its collection. Nothing was changed. */
    public const val EVICTED: String = "EVICTED"

    /** The document is not at the version any more that the write was made from. Nothing was changed. */
    public const val VERSION_MISMATCH: String = "VERSION_MISMATCH"

    /** The database file cannot be read or written at the moment. */
    public const val STORAGE_UNAVAILABLE: String = "STORAGE_UNAVAILABLE"

    /** The database file is damaged. */
    public const val STORAGE_CORRUPT: String = "STORAGE_CORRUPT"

    /** The disk is full. Nothing was changed. */
    public const val STORAGE_FULL: String = "STORAGE_FULL"

    /** The database was written by a newer version of Holm. The file was not touched. */
    public const val SCHEMA_TOO_NEW: String = "SCHEMA_TOO_NEW"

    /** The file is a database of something else. It was not touched. */
    public const val NOT_A_STORE: String = "NOT_A_STORE"

    /** There is no network, or the server's address does not answer. */
    public const val OFFLINE: String = "OFFLINE"

    /** The server did not answer in time. */
    public const val TIMEOUT: String = "TIMEOUT"

    /** The connection broke before the whole answer had come. */
    public const val CONNECTION_LOST: String = "CONNECTION_LOST"

    /** The server's certificate is not trusted. */
    public const val CERTIFICATE: String = "CERTIFICATE"

    /** Something other than the server answered: a captive portal, a proxy page or a redirect to another place. */
    public const val CAPTIVE: String = "CAPTIVE"

    /** The server's answer does not follow the protocol. */
    public const val INVALID_RESPONSE: String = "INVALID_RESPONSE"

    /** The answer is larger than the limits allow. */
    public const val RESPONSE_TOO_LARGE: String = "RESPONSE_TOO_LARGE"

    /** The server asks to slow down. */
    public const val RATE_LIMITED: String = "RATE_LIMITED"

    /** The server is down for the moment. */
    public const val SERVICE_UNAVAILABLE: String = "SERVICE_UNAVAILABLE"

    /** The server failed. */
    public const val SERVER_ERROR: String = "SERVER_ERROR"

    /** There is no session. */
    public const val SIGNED_OUT: String = "SIGNED_OUT"

    /** The server does not accept the session or the password. */
    public const val UNAUTHORIZED: String = "UNAUTHORIZED"

    /** The app's token provider has no token at the moment. */
    public const val TOKEN_UNAVAILABLE: String = "TOKEN_UNAVAILABLE"

    /** The account may not do this. */
    public const val FORBIDDEN: String = "FORBIDDEN"

    /** This store holds the data of another account. */
    public const val ACCOUNT_MISMATCH: String = "ACCOUNT_MISMATCH"

    /** The server no longer speaks with this version. */
    public const val CLIENT_UPGRADE_REQUIRED: String = "CLIENT_UPGRADE_REQUIRED"

    /** The server refused the request for good. */
    public const val REFUSED: String = "REFUSED"

    /**
     * The write was sent, and the server's word on it has not come in time; [HolmException.operationId] names it. It stays queued, and is
     * never doubled.
     */
    public const val UNCONFIRMED: String = "UNCONFIRMED"

    /** There are writes that the server has not accepted yet. */
    public const val PENDING_WRITES: String = "PENDING_WRITES"

    /** The client is suspended: its files are closed. */
    public const val SUSPENDED: String = "SUSPENDED"

    /** The client has been closed. */
    public const val CLOSED: String = "CLOSED"

    /** The caller cancelled the call. */
    public const val CANCELLED: String = "CANCELLED"

    /** This feature is not available here. */
    public const val UNSUPPORTED: String = "UNSUPPORTED"

    /** A defect in Holm. */
    public const val INTERNAL: String = "INTERNAL"
}

import Foundation

/// The one error that Holm throws.
///
/// Switch on ``code-swift.property``, which is stable; show ``errorDescription`` and ``recoverySuggestion``, which may
/// get better words. Messages name what is at fault and never hold a token, a password or a document's content.
///
/// An error never means that an acknowledged write was lost.
public struct HolmError: Error, Hashable, Sendable {
    /// What kind of failure it is.
    public let code: Code

    /// What happened, in English.
    public let message: String

    /// One sentence, in English: what the app or its user can do.
    public let recovery: String

    /// Whether the same call can succeed later without a change by the app.
    public let isRetryable: Bool

    /// The server's own code, for example `VALIDATION_ERROR`, if the server refused.
    public let serverCode: String?

    /// How many seconds the server asked to wait, if it did.
    public let retryAfter: TimeInterval?

    /// The write that is not confirmed, with `UNCONFIRMED`: ask ``Holm/confirmed(operationID:)`` what became of it.
    public let operationID: String?

    init(
        code: Code, message: String, recovery: String, isRetryable: Bool, serverCode: String? = nil,
        retryAfter: TimeInterval? = nil, operationID: String? = nil
    ) {
        self.code = code
        self.message = message
        self.recovery = recovery
        self.isRetryable = isRetryable
        self.serverCode = serverCode
        self.retryAfter = retryAfter
        self.operationID = operationID
    }
}

extension HolmError: LocalizedError {
    /// ``message``.
    public var errorDescription: String? { message }

    /// ``recovery``.
    public var recoverySuggestion: String? { recovery }
}

extension HolmError: CustomStringConvertible {
    /// Code and message, for logs.
    public var description: String { "\(code): \(message)" }
}

import Foundation
internal import HolmBindings

/// Runs a call of the generated layer and translates what it throws.
func translating<T>(_ call: () throws -> T) throws(HolmError) -> T {
    do {
        return try call()
    } catch {
        throw HolmError(error)
    }
}

/// Runs an asynchronous call of the generated layer and translates what it throws.
func translating<T: Sendable>(_ call: @Sendable () async throws -> T) async throws(HolmError) -> T {
    do {
        return try await call()
    } catch {
        throw HolmError(error)
    }
}

extension HolmError {
    /// Any error as this one. What the generated layer throws beside its one error is a defect: a panic, or bindings of
    /// another version.
    init(_ error: any Error) {
        switch error {
        case let error as HolmError:
            self = error
        case FfiError.Failure(
            let code, let message, let recovery, let retryable, let serverCode, let retryAfterMs, let opId):
            self.init(
                code: Code(rawValue: code), message: message, recovery: recovery, isRetryable: retryable,
                serverCode: serverCode, retryAfter: retryAfterMs.map { Double($0) / 1_000 }, operationID: opId)
        default:
            self = .internal(error.localizedDescription)
        }
    }

    /// A failure that the core tells of and does not throw.
    init(_ failure: FfiFailure) {
        self.init(
            code: Code(rawValue: failure.code), message: failure.message, recovery: failure.recovery,
            isRetryable: failure.retryable, serverCode: failure.serverCode,
            retryAfter: failure.retryAfterMs.map { Double($0) / 1_000 }, operationID: failure.opId)
    }

    // What arises in this layer, in the core's words.

    static func invalidDocument(_ message: String) -> Self {
        Self(
            code: .invalidDocument, message: message,
            recovery: "Correct the document; the message names the field.", isRetryable: false)
    }

    static func invalidConfig(_ message: String) -> Self {
        Self(
            code: .invalidConfig, message: message, recovery: "Correct the setting that the message names.",
            isRetryable: false)
    }

    static let cancelled = Self(
        code: .cancelled, message: "the caller cancelled the call", recovery: "Call again if it is still wanted.",
        isRetryable: true)

    static func `internal`(_ message: String) -> Self {
        Self(
            code: .internal, message: "internal error: \(message)", recovery: "Please report it with the message.",
            isRetryable: false)
    }
}

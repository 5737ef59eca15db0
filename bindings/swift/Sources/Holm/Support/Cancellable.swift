internal import HolmBindings

extension Holm {
    /// Runs a write. Where it waits for the server, cancelling the task ends that.
    func writing<T: Sendable>(
        waits: Bool, _ write: @Sendable (FfiCancel?) async throws -> T
    ) async throws(HolmError) -> T {
        waits ? try await cancellable { try await write($0) } : try await translating { try await write(nil) }
    }
}

/// Runs a call of the generated layer that may wait long, and ends it with `CANCELLED` when the task is cancelled: the
/// core would not learn of that otherwise.
func cancellable<T: Sendable>(
    _ call: @Sendable (FfiCancel) async throws -> T
) async throws(HolmError) -> T {
    let cancel = FfiCancel()
    return try await translating {
        try await withTaskCancellationHandler {
            try await call(cancel)
        } onCancel: {
            cancel.cancel()
        }
    }
}

internal import HolmBindings

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

import Holm
import Testing

/// The error that `work` throws; `nil`, and a failed test, if it throws none.
func failure<T: Sendable>(
    isolation: isolated (any Actor)? = #isolation, sourceLocation: SourceLocation = #_sourceLocation,
    of work: () async throws -> T
) async -> HolmError? {
    do {
        _ = try await work()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        return nil
    } catch {
        let holmError = error as? HolmError
        #expect(holmError != nil, "\(error) is no HolmError", sourceLocation: sourceLocation)
        return holmError
    }
}

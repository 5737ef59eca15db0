import Observation

/// Waits until something holds about models: looks again whenever one of the properties that it read changes. The
/// suite's time limit ends a wait for what never comes.
@MainActor
func eventually(_ holds: @MainActor () -> Bool) async throws {
    while true {
        let (changes, change) = AsyncStream.makeStream(of: Void.self)
        if withObservationTracking(holds, onChange: { change.finish() }) { return }
        for await _ in changes {}
        try Task.checkCancellation()
    }
}

/// As ``eventually(_:)``, for something that is there or not.
@MainActor
func eventually<T>(_ value: @MainActor () -> T?) async throws -> T {
    while true {
        let (changes, change) = AsyncStream.makeStream(of: Void.self)
        if let value = withObservationTracking(value, onChange: { change.finish() }) { return value }
        for await _ in changes {}
        try Task.checkCancellation()
    }
}

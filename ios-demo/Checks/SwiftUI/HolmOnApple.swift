import Holm

// What Holm itself has on Apple's systems only: see bindings/swift/Sources/Holm/Platform.

extension HolmBackgroundSync {
    @discardableResult
    public func register(_ client: @escaping @Sendable () async throws -> Holm) -> Bool { fatalError() }
    public func schedule() throws {}
}

public final class OSLogSink: HolmLogSink {
    public init(subsystem: String = "dev.holm") {}
    public func log(_ lines: [Holm.LogLine]) {}
}

internal import HolmBindings

/// A stream of the core, which is asked for one element after the other: so a slow reader is never flooded.
protocol Watch: Sendable {
    associatedtype Element: Sendable

    /// The next element; `nil` after ``close()`` or when the client is closed.
    func next() async throws -> Element?

    /// Ends the watch: a waiting ``next()`` returns `nil`. Returns at once.
    func close()
}

extension FfiLiveAggregate: Watch {}
extension FfiLiveDocument: Watch {}
extension FfiLiveQuery: Watch {}
extension FfiLiveWindow: Watch {}
extension FfiStateWatch: Watch {}

/// The reading end of a watch: opens it at the first element, and ends it when the reading task is cancelled. Dropping
/// this drops the watch.
struct WatchReader<Source: Watch>: Sendable {
    private enum State: Sendable {
        case unopened(@Sendable () throws -> Source)
        case open(Source)
        case ended
    }

    private var state: State

    init(open: @escaping @Sendable () throws -> Source) {
        state = .unopened(open)
    }

    /// The next element, made of what the core gives. After the end, and after an error, `nil`.
    mutating func next<T: Sendable>(
        _ transform: @Sendable (Source.Element) throws(HolmError) -> T
    ) async throws(HolmError) -> T? {
        do {
            guard let source = try source(), let element = try await Self.next(of: source) else {
                state = .ended
                return nil
            }
            return try transform(element)
        } catch {
            state = .ended
            throw HolmError(error)
        }
    }

    private mutating func source() throws -> Source? {
        switch state {
        case .unopened(let open):
            let source = try open()
            state = .open(source)
            return source
        case .open(let source):
            return source
        case .ended:
            return nil
        }
    }

    private static func next(of source: Source) async throws -> Source.Element? {
        try await withTaskCancellationHandler {
            try await source.next()
        } onCancel: {
            source.close()
        }
    }
}

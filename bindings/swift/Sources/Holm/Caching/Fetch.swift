import Foundation
internal import HolmBindings

extension Holm {
    /// A read under a cache policy: its first result, and what the policy tells after it.
    ///
    /// ```swift
    /// for try await fetched in todos.fetch(query, policy: .cacheAndNetwork) {
    ///     show(fetched.value, isOld: fetched.isStale)
    /// }
    /// ```
    ///
    /// - Each loop is a read of its own. Nothing happens before its first element; it ends when there is no more to tell,
    ///   by `break`, or when the task is cancelled. A refresh that it has begun goes on, for others and for the cache.
    /// - The first result comes at once or when the network has answered, as the policy says. Another one comes with
    ///   ``CachePolicy/cacheAndNetwork`` if the server has something else, and after a refresh that failed: the same
    ///   value with ``Refresh/failed(_:)``.
    /// - Concurrent refreshes of one thing are one request.
    /// - Throws ``HolmError`` where nothing stands in for the network: `OFFLINE` and the like, `UNAUTHORIZED`,
    ///   `RATE_LIMITED`, `REFUSED`; `INVALID_QUERY`, `INVALID_NAME`, `INVALID_DOCUMENT`, and those of storage.
    public struct Fetch<Value: Sendable>: AsyncSequence, Sendable {
        /// A result and what is known of it.
        public typealias Element = Fetched<Value>

        let open: @Sendable () throws(HolmError) -> FfiFetch
        /// Makes a value of packed documents.
        let unpack: @Sendable (_ documents: Data) throws(HolmError) -> Value

        /// Begins a read of its own.
        public func makeAsyncIterator() -> Iterator {
            Iterator(reader: WatchReader(open: open), unpack: unpack)
        }

        /// One read. One task reads it at a time.
        public struct Iterator: AsyncIteratorProtocol {
            fileprivate var reader: WatchReader<FfiFetch>
            fileprivate let unpack: @Sendable (_ documents: Data) throws(HolmError) -> Value

            /// The next result; `nil` if there is no more to tell.
            public mutating func next() async throws(HolmError) -> Fetched<Value>? {
                try await reader.next { [unpack] (fetched) throws(HolmError) in
                    Fetched(
                        value: try unpack(fetched.documents), origin: fetched.origin == .cache ? .cache : .network,
                        age: fetched.ageMs.map { Double($0) / 1_000 }, isStale: fetched.stale,
                        isPartial: fetched.partial, refresh: Refresh(fetched.refresh))
                }
            }
        }

        /// The first result alone.
        ///
        /// - Throws: As the sequence; `CANCELLED` if the task is cancelled.
        func first() async throws(HolmError) -> Fetched<Value> {
            var results = makeAsyncIterator()
            guard let first = try await results.next() else { throw .cancelled }
            return first
        }
    }
}

extension FfiFetch: Watch {}

extension Holm.Refresh {
    fileprivate init(_ refresh: FfiRefresh) {
        switch refresh {
        case .idle: self = .idle
        case .running: self = .running
        case .failed(let failure): self = .failed(HolmError(failure))
        }
    }
}

extension Holm.CachePolicy {
    var translated: FfiCachePolicy {
        switch self {
        case .cacheOnly: .cacheOnly
        case .networkOnly: .networkOnly
        case .cacheFirst: .cacheFirst
        case .networkFirst: .networkFirst
        case .cacheAndNetwork: .cacheAndNetwork
        }
    }
}

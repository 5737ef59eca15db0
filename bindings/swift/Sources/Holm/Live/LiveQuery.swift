import Foundation
internal import HolmBindings

extension Holm {
    /// A watched query: its result now, and again whenever it changes.
    ///
    /// ```swift
    /// for try await snapshot in todos.live(where: .eq("isCompleted", false)) {
    ///     list = snapshot.values
    /// }
    /// ```
    ///
    /// - Each loop is a watch of its own. It begins with the first element and ends with the loop: by `break`, when the
    ///   task is cancelled, or when the client is closed. The last two end it without an error.
    /// - A slow reader gets the latest state and none of those in between. Nothing is computed while no reader waits.
    /// - A change that cannot touch the result does not run the query.
    /// - While the client is suspended the loop waits.
    /// - Throws ``HolmError``: `INVALID_QUERY`, `INVALID_NAME`, those of storage, and `INVALID_DOCUMENT` if a document
    ///   does not fit the type.
    public struct LiveQuery<Value: Sendable>: AsyncSequence, Sendable {
        /// A result and its differences from the one before.
        public typealias Element = Snapshot<Value>

        let open: @Sendable () throws(HolmError) -> FfiLiveQuery
        let decode: @Sendable (_ json: Data, _ id: String) throws(HolmError) -> Value

        /// Begins a watch of its own.
        public func makeAsyncIterator() -> Iterator {
            Iterator(reader: WatchReader(open: open), decode: decode)
        }

        /// One watch. One task reads it at a time.
        public struct Iterator: AsyncIteratorProtocol {
            fileprivate var reader: WatchReader<FfiLiveQuery>
            fileprivate let decode: @Sendable (_ json: Data, _ id: String) throws(HolmError) -> Value

            /// The next snapshot: at once the first time, later when the result has changed.
            public mutating func next() async throws(HolmError) -> Snapshot<Value>? {
                try await reader.next { [decode] (snapshot) throws(HolmError) in
                    try Snapshot(snapshot, decode)
                }
            }
        }
    }
}

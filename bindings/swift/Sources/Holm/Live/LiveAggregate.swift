internal import HolmBindings

extension Holm {
    /// Watched figures: now, and again whenever one of them changes.
    ///
    /// ```swift
    /// for try await rows in plays.liveAggregate([.count, .sum("minutes")]) {
    ///     total = rows[0].values[1].int ?? 0
    /// }
    /// ```
    ///
    /// Like a ``LiveQuery``, each loop is a watch of its own, a slow reader gets the latest state, and the loop ends when
    /// the task is cancelled or the client is closed. Each change of the collection costs one pass over the documents that
    /// the filter lets through. Throws ``HolmError``: `INVALID_QUERY`, `INVALID_NAME`, and those of storage.
    public struct LiveAggregate: AsyncSequence, Sendable {
        /// One row, or one for each group.
        public typealias Element = [AggregateRow]

        let open: @Sendable () throws(HolmError) -> FfiLiveAggregate

        /// Begins a watch of its own.
        public func makeAsyncIterator() -> Iterator {
            Iterator(reader: WatchReader(open: open))
        }

        /// One watch. One task reads it at a time.
        public struct Iterator: AsyncIteratorProtocol {
            fileprivate var reader: WatchReader<FfiLiveAggregate>

            /// The next figures: at once the first time, later when they have changed.
            public mutating func next() async throws(HolmError) -> [AggregateRow]? {
                try await reader.next { (rows) throws(HolmError) in try AggregateRow.rows(rows) }
            }
        }
    }
}

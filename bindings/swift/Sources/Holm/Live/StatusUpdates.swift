internal import HolmBindings

extension Holm {
    /// The client's state now, and again whenever it changes.
    ///
    /// Like a ``LiveQuery``, each loop is a watch of its own, a slow reader gets the latest state, and the loop ends
    /// when the task is cancelled or, after a last element that says so, when the client is closed.
    public struct StatusUpdates: AsyncSequence, Sendable {
        /// A state.
        public typealias Element = Status

        let ffi: FfiHolm

        /// Begins a watch of its own.
        public func makeAsyncIterator() -> Iterator {
            Iterator(reader: WatchReader { [ffi] in try ffi.watchState() })
        }

        /// One watch. One task reads it at a time.
        public struct Iterator: AsyncIteratorProtocol {
            fileprivate var reader: WatchReader<FfiStateWatch>

            /// The next state: at once the first time, later when it has changed.
            public mutating func next() async throws(HolmError) -> Status? {
                try await reader.next { (state) throws(HolmError) in Status(state) }
            }
        }
    }

    /// The client's state now, and again whenever it changes. Throws ``HolmError`` if the storage fails.
    public var statuses: StatusUpdates { StatusUpdates(ffi: ffi) }
}

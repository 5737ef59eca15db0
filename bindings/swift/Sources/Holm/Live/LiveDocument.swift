import Foundation
internal import HolmBindings

extension Holm {
    /// A watched document: what it is now, and again whenever its content or status changes. An element is `nil` while the
    /// document is not there: not made yet, deleted, or given up to keep within limits.
    ///
    /// ```swift
    /// for try await stored in todos.live(id: id) {
    ///     title = stored?.value.title
    /// }
    /// ```
    ///
    /// Like a ``LiveQuery``, each loop is a watch of its own, a slow reader gets the latest state, and the loop ends when
    /// the task is cancelled or the client is closed. Throws ``HolmError``: `INVALID_NAME`, those of storage, and
    /// `INVALID_DOCUMENT` if the document does not fit the type.
    public struct LiveDocument<Value: Sendable>: AsyncSequence, Sendable {
        /// The document with its status.
        public typealias Element = Stored<Value>?

        let open: @Sendable () throws(HolmError) -> FfiLiveDocument
        let decode: @Sendable (_ json: Data, _ id: String) throws(HolmError) -> Value

        /// Begins a watch of its own.
        public func makeAsyncIterator() -> Iterator {
            Iterator(reader: WatchReader(open: open), decode: decode)
        }

        /// One watch. One task reads it at a time.
        public struct Iterator: AsyncIteratorProtocol {
            fileprivate var reader: WatchReader<FfiLiveDocument>
            fileprivate let decode: @Sendable (_ json: Data, _ id: String) throws(HolmError) -> Value

            /// What there is: at once the first time, later when it has changed. The outer `nil` is the end.
            public mutating func next() async throws(HolmError) -> Stored<Value>?? {
                try await reader.next { [decode] (shown) throws(HolmError) -> Stored<Value>? in
                    guard let document = shown.document else { return nil }
                    return try PackedDocuments.one(document, decode)
                }
            }
        }
    }
}

extension HolmCollection {
    /// Watches one document, whether or not it is there. Nothing happens until the app reads the sequence.
    public func live(id: String) -> Holm.LiveDocument<Document> {
        access.live(id: id, decode)
    }
}

extension Holm.JSONCollection {
    /// Watches one document. See ``HolmCollection/live(id:)``.
    public func live(id: String) -> Holm.LiveDocument<Holm.JSON> {
        access.live(id: id, decode)
    }
}

extension CollectionAccess {
    fileprivate func live<Value>(id: String, _ decode: @escaping Decode<Value>) -> Holm.LiveDocument<Value> {
        let open: @Sendable () throws(HolmError) -> FfiLiveDocument = { () throws(HolmError) in
            let ffi = try ffi()
            return try translating { try ffi.liveDocument(id: id) }
        }
        return Holm.LiveDocument(open: open, decode: decode)
    }
}

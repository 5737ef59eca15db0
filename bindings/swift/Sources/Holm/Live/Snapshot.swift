internal import HolmBindings

extension Holm {
    /// The result of a live query at one moment, and what is different from the one before.
    ///
    /// The differences hold ids. Applied to the previous snapshot they lead to this one: take out ``removed``, put in
    /// ``inserted``, and move ``moved``; all others stay in their order.
    public struct Snapshot<Value: Sendable>: Sendable {
        /// The whole result with the status of each document, in order.
        public let documents: [Stored<Value>]
        /// New in the result; in the first snapshot, all.
        public let inserted: [String]
        /// Still there, with another content or status.
        public let updated: [String]
        /// No longer there.
        public let removed: [String]
        /// Still there, at another place among those that stayed.
        public let moved: [String]

        /// The whole result, in order.
        public var values: [Value] { documents.map(\.value) }
    }
}

extension Holm.Snapshot: Equatable where Value: Equatable {}

extension Holm.Snapshot {
    init(_ snapshot: FfiSnapshot, _ decode: CollectionAccess.Decode<Value>) throws(HolmError) {
        self.init(
            documents: try PackedDocuments.list(snapshot.documents, decode), inserted: snapshot.inserted,
            updated: snapshot.updated, removed: snapshot.removed, moved: snapshot.moved)
    }
}

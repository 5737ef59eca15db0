extension Holm {
    /// A document and how it stands with the server.
    public struct Stored<Value: Sendable>: Sendable {
        /// The document's id.
        public let id: String

        /// The document with all local edits.
        public let value: Value

        /// How it stands with the server.
        public let status: SyncStatus

        /// The server's version that the value is based on; `nil` if the server has never seen the document.
        public let version: Int64?
    }

    /// How a document stands with the server.
    public enum SyncStatus: String, CaseIterable, Hashable, Sendable {
        /// The server has all of it.
        case synced
        /// Made here, not yet on the server.
        case pendingCreate
        /// Changed here, not yet on the server.
        case pendingUpdate
        /// Deleted here, not yet on the server; hidden from queries.
        case pendingDelete
        /// On its way: a request that carries it is out.
        case syncing
        /// The server refused a write; see ``Holm/parkedWrites()``.
        case failed
        /// Changed here and on the server in ways that only a person can join; see ``Holm/conflicts()``.
        case conflict

        /// Whether the server lacks something of the document.
        public var needsSync: Bool { self != .synced }
    }
}

extension Holm.Stored: Identifiable {}
extension Holm.Stored: Equatable where Value: Equatable {}
extension Holm.Stored: Hashable where Value: Hashable {}

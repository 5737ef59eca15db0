import Foundation

extension Holm {
    /// What a collection is called and how it behaves.
    ///
    /// A name alone can be written as a literal: `static let collection: Holm.CollectionDescriptor = "tasks"`.
    ///
    /// Paths in ``rules``, ``listKeys`` and ``references`` name a member of the document: names joined by dots
    /// (`stats.plays`), or a JSON Pointer (`/stats/plays`) where a name has a dot in it.
    public struct CollectionDescriptor: Sendable, ExpressibleByStringLiteral {
        /// Its name: letters, digits and `_`, a letter first, at most 64 characters.
        public var name: String

        /// When its writes return, and whether they are merged at all.
        public var consistency: Consistency

        /// How its conflicts are resolved.
        public var conflict: ConflictStrategy

        /// Who decides single paths, whatever ``conflict`` says. A path without a rule of its own has that of the nearest
        /// path above it that has one: a rule for `stats` holds for `stats.plays`, too.
        public var rules: [String: FieldRule]

        /// Lists of objects that are merged element by element, by path: the member that tells the elements apart.
        public var listKeys: [String: String]

        /// Paths that hold the id, or a list of ids, of documents of another collection, by path: that collection's name.
        ///
        /// A document is sent after those that it refers to. If the server refuses one of these, only the documents that
        /// refer to it wait. A write that would make new documents wait
        /// for each other is refused: `INVALID_DOCUMENT`.
        public var references: [String: String]

        /// Decides the conflicts of this collection. The strategy ``ConflictStrategy/custom`` needs one, and no other
        /// strategy takes one: ``Holm/open(_:)`` fails with `INVALID_CONFIG` otherwise.
        public var resolver: (any HolmConflictResolver)?

        /// Fields that queries filter and order by, each list one index: first those compared for equality, then the
        /// order's.
        public var indexes: [[String]]

        /// How fetches are answered, and how much of it is kept here.
        public var cache: CacheOptions

        /// A collection; without further words it merges its conflicts, has no indexes and is kept here as a whole.
        public init(
            _ name: String, conflict: ConflictStrategy = .merge, rules: [String: FieldRule] = [:],
            listKeys: [String: String] = [:], references: [String: String] = [:],
            resolver: (any HolmConflictResolver)? = nil, indexes: [[String]] = [], cache: CacheOptions = CacheOptions(),
            consistency: Consistency = .eventual
        ) {
            self.name = name
            self.conflict = conflict
            self.rules = rules
            self.listKeys = listKeys
            self.references = references
            self.resolver = resolver
            self.indexes = indexes
            self.cache = cache
            self.consistency = consistency
        }

        /// A collection that merges its conflicts, has no indexes and is kept here as a whole.
        public init(stringLiteral name: String) {
            self.init(name)
        }
    }

    /// When a write of a collection returns. Reads are local in both; to read through, fetch with
    /// ``CachePolicy/networkOnly``.
    public enum Consistency: Hashable, Sendable {
        /// As soon as it is durable here. It is sent later, and merged by the collection's strategy.
        case eventual
        /// Once the server has accepted it. It is judged whole against the version that this device had, and merged
        /// with nothing. Beside its own errors such a write throws:
        ///
        /// - `VERSION_MISMATCH` if another write was there first, and `REFUSED` with ``HolmError/serverCode`` if the
        ///   server refuses it. The write has no effect; the document shows what the server has, and the
        ///   ``Holm/journal(limit:)`` has what was written.
        /// - `UNCONFIRMED` if it was sent and no answer has come within `timeout` seconds, or before the client was
        ///   suspended or closed. It stays queued: see ``HolmError/operationID``.
        /// - `OFFLINE`, `SIGNED_OUT`, `SUSPENDED`, `TIMEOUT` after `timeout` seconds, and the other failures of a sync,
        ///   if it was not sent. It is taken back.
        /// - `CANCELLED` if the task is cancelled. What was not sent is taken back; what was sent stays queued.
        case confirmed(timeout: TimeInterval = 30)
    }

    /// What happens when a document was changed here and on the server.
    ///
    /// Members that were changed on one side only never conflict, whatever the strategy, and ``FieldRule`` overrides it
    /// for single paths. What loses is kept in the ``Holm/journal(limit:)``.
    public enum ConflictStrategy: String, CaseIterable, Hashable, Sendable {
        /// The server's value stands, and the server's delete too.
        case serverWins
        /// The local value stands, and the local delete too.
        case localWins
        /// The later of the two edits stands, by hybrid logical clock; so does a later delete.
        case lastWriteWins
        /// The later of the two edits stands; an edit outlives a delete.
        case merge
        /// A person decides: see ``Holm/conflicts()``.
        case prompt
        /// The collection's ``CollectionDescriptor/resolver`` decides; if it fails, a person does.
        case custom
    }

    /// Who decides a path that both sides changed.
    public enum FieldRule: String, CaseIterable, Hashable, Sendable {
        /// The later edit.
        case lww
        /// The server's value.
        case server
        /// The local value.
        case local
        /// Both: a number to which both sides add. Setting it sends the difference.
        case sum
        /// Both: an array used as a set. Setting it sends what was added and what was removed.
        case union
        /// The greater number or text.
        case max
        /// The lesser number or text.
        case min
        /// Both, line by line; lines that both sides changed go to the later edit.
        case text
        /// A person; with ``ConflictStrategy/custom``, the collection's resolver.
        case prompt
    }
}

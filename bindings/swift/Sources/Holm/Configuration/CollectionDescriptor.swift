extension Holm {
    /// What a collection is called and how it behaves.
    ///
    /// A name alone can be written as a literal: `static let collection: Holm.CollectionDescriptor = "tasks"`.
    public struct CollectionDescriptor: Hashable, Sendable, ExpressibleByStringLiteral {
        /// Its name: letters, digits and `_`, a letter first, at most 64 characters.
        public var name: String

        /// How its conflicts are resolved.
        public var conflict: ConflictStrategy

        /// Fields that queries filter and order by, each list one index: first those compared for equality, then the
        /// order's.
        public var indexes: [[String]]

        /// How fetches are answered, and how much of it is kept here.
        public var cache: CacheOptions

        /// A collection; without further words it merges its conflicts, has no indexes and is kept here as a whole.
        public init(
            _ name: String, conflict: ConflictStrategy = .merge, indexes: [[String]] = [],
            cache: CacheOptions = CacheOptions()
        ) {
            self.name = name
            self.conflict = conflict
            self.indexes = indexes
            self.cache = cache
        }

        /// A collection that merges its conflicts, has no indexes and is kept here as a whole.
        public init(stringLiteral name: String) {
            self.init(name)
        }
    }

    /// What happens when a document was changed here and on the server.
    ///
    /// Fields that were changed on one side only never conflict, whatever the strategy. Whatever loses is kept in the
    /// ``Holm/journal(limit:)``.
    public enum ConflictStrategy: String, CaseIterable, Hashable, Sendable {
        /// The server's document stands.
        case serverWins
        /// What was changed here stands.
        case localWins
        /// The later of the two edits stands, by hybrid logical clock.
        case lastWriteWins
        /// Field by field: a field that both sides changed goes to the later edit. An edit outlives a delete.
        case merge
        /// A person decides: see ``Holm/conflicts()``.
        case prompt
    }
}

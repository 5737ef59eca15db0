extension Holm {
    /// One page of a query's result.
    public struct Page<Value: Sendable>: Sendable {
        /// The documents with their status, in order.
        public let documents: [Stored<Value>]

        /// Where the next page begins; `nil`: this was the last.
        public let next: PageMark?

        /// The documents without their status, in order.
        public var values: [Value] { documents.map(\.value) }
    }

    /// The place between two pages of one query. It stays good whatever comes or goes, also after a restart.
    public struct PageMark: RawRepresentable, Hashable, Codable, Sendable {
        /// The mark as text, to keep. Its content means nothing to an app.
        public let rawValue: String

        /// A mark that was kept.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }
    }
}

extension Holm.Page: Equatable where Value: Equatable {}

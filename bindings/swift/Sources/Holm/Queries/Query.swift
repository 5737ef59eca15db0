extension Holm {
    /// What an app asks of a collection: filter, order, window.
    ///
    /// ```swift
    /// let query = Holm.Query(where: .eq("isCompleted", false), orderBy: .desc("createdAt"), limit: 50)
    /// ```
    public struct Query: Sendable {
        /// Which documents; `nil`: all.
        public var filter: Filter?

        /// In which order; by id where nothing is said.
        public var order: Order

        /// At most how many.
        public var limit: Int?

        /// How many to leave out first. For long lists, pages are faster.
        public var offset: Int?

        /// Whether documents that are deleted here, but not yet on the server, are shown.
        public var includesDeleted: Bool

        /// A query; without arguments, all documents.
        public init(
            where filter: Filter? = nil, orderBy order: Order = [], limit: Int? = nil, offset: Int? = nil,
            includesDeleted: Bool = false
        ) {
            self.filter = filter
            self.order = order
            self.limit = limit
            self.offset = offset
            self.includesDeleted = includesDeleted
        }
    }
}

extension Holm.Query {
    /// The query in the core's words.
    func text(_ coding: Coding) throws(HolmError) -> String {
        var members: [String: Holm.JSON] = ["order": order.json]
        if let filter { members["where"] = try filter.json(coding) }
        if let limit { members["limit"] = .int(Int64(limit)) }
        if let offset { members["offset"] = .int(Int64(offset)) }
        if includesDeleted { members["includeDeleted"] = true }
        return Holm.JSON.object(members).text
    }
}

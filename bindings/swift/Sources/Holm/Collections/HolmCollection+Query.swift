// The same reads with the query's parts as arguments.

extension HolmCollection {
    /// The documents that a query lets through, in its order; without arguments, all of them. See ``query(_:)``.
    public func query(
        where filter: Holm.Filter? = nil, orderBy order: Holm.Order = [], limit: Int? = nil, offset: Int? = nil
    ) async throws(HolmError) -> [Document] {
        try await query(Holm.Query(where: filter, orderBy: order, limit: limit, offset: offset))
    }

    /// The documents that a query lets through, in its order, with their status. See ``queryStored(_:)``.
    public func queryStored(
        where filter: Holm.Filter? = nil, orderBy order: Holm.Order = [], limit: Int? = nil, offset: Int? = nil
    ) async throws(HolmError) -> [Holm.Stored<Document>] {
        try await queryStored(Holm.Query(where: filter, orderBy: order, limit: limit, offset: offset))
    }

    /// How many documents a filter lets through; without one, how many there are. See ``count(_:)``.
    public func count(where filter: Holm.Filter? = nil) async throws(HolmError) -> Int {
        try await count(Holm.Query(where: filter))
    }

    /// One page of a query. See ``page(_:after:)``.
    public func page(
        where filter: Holm.Filter? = nil, orderBy order: Holm.Order = [], limit: Int? = nil,
        after mark: Holm.PageMark? = nil
    ) async throws(HolmError) -> Holm.Page<Document> {
        try await page(Holm.Query(where: filter, orderBy: order, limit: limit), after: mark)
    }

    /// Watches a query; without arguments, the whole collection. See ``live(_:)``.
    public func live(
        where filter: Holm.Filter? = nil, orderBy order: Holm.Order = [], limit: Int? = nil, offset: Int? = nil
    ) -> Holm.LiveQuery<Document> {
        live(Holm.Query(where: filter, orderBy: order, limit: limit, offset: offset))
    }
}

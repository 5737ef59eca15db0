internal import HolmBindings

extension Holm {
    /// A figure over the documents that a query lets through.
    ///
    /// ```swift
    /// let rows = try await plays.aggregate([.count, .sum("minutes")], where: .eq("kind", "story"), by: "day")
    /// ```
    public struct Aggregate: Hashable, Sendable {
        let json: JSON

        /// How many documents.
        public static let count = Self(json: ["count": true])
        /// The sum of the numbers in a field; 0 if there are none. Exact as long as all are whole numbers; beyond 64 bits it
        /// is a `Double`.
        public static func sum(_ path: String) -> Self { Self(json: ["sum": .string(path)]) }
        /// The least number or text in a field, numbers before texts; `null` if there is none.
        public static func min(_ path: String) -> Self { Self(json: ["min": .string(path)]) }
        /// The greatest number or text in a field; `null` if there is none.
        public static func max(_ path: String) -> Self { Self(json: ["max": .string(path)]) }
        /// The mean of the numbers in a field, a `Double`; `null` if there are none.
        public static func avg(_ path: String) -> Self { Self(json: ["avg": .string(path)]) }
    }

    /// The figures of one group of documents.
    public struct AggregateRow: Hashable, Sendable {
        /// The value that the documents of the group share, `null` for a missing field; `nil` if no groups were asked for.
        public let by: JSON?
        /// The figures, in the order in which they were asked for.
        public let values: [JSON]

        static func rows(_ text: String) throws(HolmError) -> [AggregateRow] {
            try (JSONReader.read(text).array ?? []).map {
                AggregateRow(by: $0["by"], values: $0["values"]?.array ?? [])
            }
        }
    }
}

extension HolmCollection {
    /// Figures over the documents that a query's filter lets through; its order and window do not matter. Takes one pass
    /// over those documents.
    ///
    /// - Parameters:
    ///   - figures: What is wanted, 1 to 16 figures.
    ///   - filter: Which documents count; `nil`: all.
    ///   - field: The path of the field whose values make the groups; `nil`: all documents are one group.
    /// - Returns: One row, or one for each value of `field`, ordered by it.
    /// - Throws: `INVALID_QUERY`, `INVALID_NAME`.
    public func aggregate(
        _ figures: [Holm.Aggregate], where filter: Holm.Filter? = nil, by field: String? = nil
    ) async throws(HolmError) -> [Holm.AggregateRow] {
        try access.aggregate(figures, Holm.Query(where: filter), by: field)
    }

    /// Watches such figures. Nothing happens until the app reads the sequence.
    public func liveAggregate(
        _ figures: [Holm.Aggregate], where filter: Holm.Filter? = nil, by field: String? = nil
    ) -> Holm.LiveAggregate {
        access.liveAggregate(figures, Holm.Query(where: filter), by: field)
    }
}

extension Holm.JSONCollection {
    /// Figures over the documents that a filter lets through. See ``HolmCollection/aggregate(_:where:by:)``.
    public func aggregate(
        _ figures: [Holm.Aggregate], where filter: Holm.Filter? = nil, by field: String? = nil
    ) async throws(HolmError) -> [Holm.AggregateRow] {
        try access.aggregate(figures, Holm.Query(where: filter), by: field)
    }

    /// Watches such figures. See ``HolmCollection/liveAggregate(_:where:by:)``.
    public func liveAggregate(
        _ figures: [Holm.Aggregate], where filter: Holm.Filter? = nil, by field: String? = nil
    ) -> Holm.LiveAggregate {
        access.liveAggregate(figures, Holm.Query(where: filter), by: field)
    }
}

extension CollectionAccess {
    fileprivate func aggregate(
        _ figures: [Holm.Aggregate], _ query: Holm.Query, by field: String?
    ) throws(HolmError) -> [Holm.AggregateRow] {
        let (ffi, text, figures) = (try ffi(), try query.text(coding), Holm.JSON.array(figures.map(\.json)).text)
        return try Holm.AggregateRow.rows(
            try translating { try ffi.aggregate(query: text, figures: figures, by: field) })
    }

    fileprivate func liveAggregate(
        _ figures: [Holm.Aggregate], _ query: Holm.Query, by field: String?
    ) -> Holm.LiveAggregate {
        Holm.LiveAggregate { () throws(HolmError) in
            let (ffi, text, figures) = (try ffi(), try query.text(coding), Holm.JSON.array(figures.map(\.json)).text)
            return try translating { try ffi.liveAggregate(query: text, figures: figures, by: field) }
        }
    }
}

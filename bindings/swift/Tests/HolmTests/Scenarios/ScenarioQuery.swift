import Holm

extension Holm.Query {
    /// A query as scenarios write it: in the words of the core.
    init(scenario json: Holm.JSON) throws {
        self.init(
            where: json["where"].map(Holm.Filter.json),
            orderBy: try (json["order"]?.array ?? []).reduce([]) { [$0, try Self.order($1)] },
            limit: json["limit"]?.int.map(Int.init), offset: json["offset"]?.int.map(Int.init))
    }

    private static func order(_ key: Holm.JSON) throws -> Holm.Order {
        switch (key[0]?.string, key[1]?.string) {
        case (let path?, "asc"): .asc(path)
        case (let path?, "desc"): .desc(path)
        default: throw Scenario.Malformed(what: "order \(key)")
        }
    }
}

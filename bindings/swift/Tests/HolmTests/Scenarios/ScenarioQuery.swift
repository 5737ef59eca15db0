import Holm

extension Holm.Query {
    /// A query as scenarios write it: in the words of the core.
    init(scenario json: Holm.JSON) throws {
        self.init(
            where: try json["where"].map(Holm.Filter.scenario),
            orderBy: try Holm.Order.scenario(json["order"]?.array ?? []),
            limit: json["limit"]?.int.map(Int.init), offset: json["offset"]?.int.map(Int.init))
    }
}

extension Holm.Order {
    fileprivate static func scenario(_ keys: [Holm.JSON]) throws -> Self {
        try keys.reduce([]) { order, key in
            guard let path = key.string ?? key[0]?.string else { throw Scenario.Malformed(what: "order \(key)") }
            return [order, key[1]?.string == "desc" ? .desc(path) : .asc(path)]
        }
    }
}

extension Holm.Filter {
    fileprivate static func scenario(_ json: Holm.JSON) throws -> Self {
        guard let (name, operand) = json.object?.first else { throw Scenario.Malformed(what: "filter \(json)") }
        switch name {
        case "and": return .all(try (operand.array ?? []).map(scenario))
        case "or": return .any(try (operand.array ?? []).map(scenario))
        case "not": return try !scenario(operand)
        case "isNull": return .isNull(operand.string ?? "")
        default: return try comparison(name, operand[0]?.string ?? "", operand[1] ?? .null)
        }
    }

    private static func comparison(_ name: String, _ path: String, _ value: Holm.JSON) throws -> Self {
        switch name {
        case "eq": .eq(path, value)
        case "ne": .ne(path, value)
        case "lt": .lt(path, value)
        case "lte": .lte(path, value)
        case "gt": .gt(path, value)
        case "gte": .gte(path, value)
        case "contains": .contains(path, value)
        case "prefix": .prefix(path, value.string ?? "")
        case "in": .in(path, value.array ?? [])
        default: throw Scenario.Malformed(what: "condition \(name)")
        }
    }
}

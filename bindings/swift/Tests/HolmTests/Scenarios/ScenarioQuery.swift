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

extension Holm.Aggregate {
    /// A figure as scenarios write it: `{"count":true}`, `{"sum":"path"}`.
    init(scenario json: Holm.JSON) throws {
        guard let (name, operand) = json.object?.first else { throw Scenario.Malformed(what: "figure \(json)") }
        switch (name, operand) {
        case ("count", true): self = .count
        case ("sum", .string(let path)): self = .sum(path)
        case ("min", .string(let path)): self = .min(path)
        case ("max", .string(let path)): self = .max(path)
        case ("avg", .string(let path)): self = .avg(path)
        default: throw Scenario.Malformed(what: "figure \(json)")
        }
    }
}

extension Scenario.Step {
    /// The writes of a transaction: those that are listed, or `repeat` creates of the documents `0`, `1`, and so on.
    func writes() throws -> [Holm.JSON] {
        guard let count = json["repeat"]?.int else { return try value("writes").array ?? [] }
        let document = try value("doc")
        return (0..<count).map { ["do": "create", "id": .string("\($0)"), "doc": document] }
    }
}

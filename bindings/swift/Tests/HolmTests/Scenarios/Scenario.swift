import Foundation
import Holm
import Testing

/// One story that every language replays; the format is described in `tests/scenarios/README.md`.
struct Scenario: Sendable, CustomTestStringConvertible {
    let name: String
    let ordered: Bool
    let collections: [Holm.CollectionDescriptor]
    let steps: [Step]

    var testDescription: String { name }

    /// Keeps the side whose title is longer; has no decision if neither is.
    private struct LongerTitle: HolmConflictResolver {
        func resolve(_ conflict: Holm.ConflictDetails) async throws -> Holm.Resolution? {
            let ours = try conflict.local?.json()["title"]?.string?.count ?? 0
            let theirs = try conflict.server?.json()["title"]?.string?.count ?? 0
            return ours == theirs ? nil : ours > theirs ? .keepLocal : .keepServer
        }
    }

    /// One thing that a device does, or that must hold.
    struct Step: Sendable, CustomStringConvertible {
        let number: Int
        let json: Holm.JSON

        var action: String { json["do"]?.string ?? "" }
        var device: String { json["device"]?.string ?? "" }
        var fails: String? { json["fails"]?.string }
        var description: String { "step \(number): \(json)" }

        func text(_ name: String) throws -> String {
            try found(json[name]?.string, name)
        }

        func value(_ name: String) throws -> Holm.JSON {
            try found(json[name], name)
        }

        private func found<T>(_ value: T?, _ name: String) throws -> T {
            guard let value else { throw Malformed(what: "\(name) in \(self)") }
            return value
        }
    }

    /// A scenario that does not follow the format.
    struct Malformed: Error {
        let what: String
    }

    static let directory = Project.root.appendingPathComponent("tests/scenarios")
    static let serverConfig = directory.appendingPathComponent("server.toml")

    /// Every scenario there is, by name.
    static func all() throws -> [Scenario] {
        let files = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
        return try files.filter { $0.pathExtension == "json" }.map(Scenario.init).sorted { $0.name < $1.name }
    }

    init(_ file: URL) throws {
        let json = try Holm.JSON(parsing: try String(contentsOf: file, encoding: .utf8))
        guard let name = json["name"]?.string, let collections = json["collections"]?.array,
            let steps = json["steps"]?.array
        else { throw Malformed(what: file.lastPathComponent) }
        self.name = name
        ordered = json["ordered"]?.bool ?? false
        self.collections = try collections.map(Self.collection)
        self.steps = steps.enumerated().map { Step(number: $0 + 1, json: $1) }
    }

    private static func collection(_ json: Holm.JSON) throws -> Holm.CollectionDescriptor {
        guard let name = json["name"]?.string else { throw Malformed(what: "\(json)") }
        var collection = Holm.CollectionDescriptor(name)
        if let conflict = json["conflict"]?.string {
            guard let strategy = Holm.ConflictStrategy(rawValue: conflict) else { throw Malformed(what: conflict) }
            collection.conflict = strategy
            if strategy == .custom { collection.resolver = LongerTitle() }
        }
        for (path, rule) in json["rules"]?.object ?? [:] {
            guard let rule = Holm.FieldRule(rawValue: rule.string ?? "") else { throw Malformed(what: "\(rule)") }
            collection.rules[path] = rule
        }
        if json["consistency"]?.string == "confirmed" { collection.consistency = .confirmed() }
        collection.listKeys = (json["listKeys"]?.object ?? [:]).compactMapValues(\.string)
        collection.references = (json["references"]?.object ?? [:]).compactMapValues(\.string)
        collection.indexes = (json["indexes"]?.array ?? []).map { ($0.array ?? []).compactMap(\.string) }
        return collection
    }
}

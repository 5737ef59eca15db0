import Foundation
import Holm
import HolmTesting
import Testing

/// The truth table of the cache policies, which Rust, Swift and Kotlin replay with the same results. The format is described
/// in `tests/scenarios/README.md`.
@Suite struct PolicyTable {
    /// One cell of the table, and what it says.
    private struct Cell {
        let json: Holm.JSON
        var subject: String { text("subject") }
        var cache: String { text("cache") }
        var network: String { text("network") }
        var policy: Holm.CachePolicy? { Holm.CachePolicy(rawValue: text("policy")) }
        var results: [Holm.JSON] { json["results"]?.array ?? [] }

        private func text(_ name: String) -> String { json[name]?.string ?? "" }
    }

    @Test func every_cell_gives_what_the_table_says() async throws {
        let file = Snippets.root.appendingPathComponent("tests/scenarios/policies/table.json")
        let table = try Holm.JSON(parsing: try String(contentsOf: file, encoding: .utf8))
        let cells = (table["cells"]?.array ?? []).map(Cell.init)
        #expect(cells.count == 180)
        let world = try await TestWorld(collections: ["tasks"])
        let writer = try await world.device("writer")
        try await writer.holm.collection(named: "tasks").create(["n": -1], id: "d")

        var transcript: [Holm.JSON] = []
        for (number, cell) in cells.enumerated() {
            let results = try await replay(cell, Int64(number), world, writer)
            #expect(results == cell.results, "cell \(number): \(cell.json)")
            guard case .object(var members) = cell.json else { continue }
            members["results"] = .array(results)
            transcript.append(.object(members))
        }
        let directory = Snippets.root.appendingPathComponent("target/scenarios/swift")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let text = Holm.JSON.object(["cells": .array(transcript)]).text
        try "\(text)\n".write(
            to: directory.appendingPathComponent("policies.json"), atomically: true, encoding: .utf8)
    }

    private func replay(
        _ cell: Cell, _ number: Int64, _ world: TestWorld, _ writer: TestDevice
    ) async throws -> [Holm.JSON] {
        let tasks = writer.holm.collection(named: "tasks")
        let (old, new) = (2 * number, 2 * number + 1)
        try await tasks.update("d", ["n": .set(Holm.JSON.int(old))])
        try await writer.holm.sync()
        let timeToLive: TimeInterval = cell.cache == "stale" ? 0 : 3_600
        let reader = try await world.device("reader \(number)") { configuration in
            configuration.collections = [.init("tasks", cache: .init(timeToLive: timeToLive))]
        }
        if cell.cache != "missing" { try await reader.holm.sync() }
        try await tasks.update("d", ["n": .set(Holm.JSON.int(new))])
        try await writer.holm.sync()
        try script(reader.network, cell.network)

        let policy = try #require(cell.policy)
        let documents = reader.holm.collection(named: "tasks")
        let results =
            if cell.subject == "document" {
                await all(documents.fetch("d", policy: policy), old) { $0 }
            } else {
                await all(documents.fetch(Holm.Query(), policy: policy), old) { $0.first }
            }
        try await reader.holm.close()
        return results
    }

    private func script(_ network: TestNetwork, _ name: String) throws {
        switch name {
        case "online": break
        case "offline": network.goOffline()
        case "timeout": network.fail(.timeout)
        case "5xx": network.fail(.status(500))
        case "401": network.fail(.status(401))
        case "429": network.fail(.status(429))
        default: Issue.record("no such network: \(name)")
        }
    }

    /// Every result of a fetch in the table's words, up to an error.
    private func all<Value>(
        _ fetch: Holm.Fetch<Value>, _ old: Int64, _ document: (Value) -> Holm.JSON?
    ) async -> [Holm.JSON] {
        var results: [Holm.JSON] = []
        do {
            for try await fetched in fetch {
                let number = document(fetched.value)?["n"]?.int
                let value = number.map { $0 == old ? "old" : "new" } ?? "none"
                var result: [String: Holm.JSON] = [
                    "origin": .string(fetched.origin.rawValue), "stale": .bool(fetched.isStale),
                    "value": .string(value), "error": .null,
                ]
                switch fetched.refresh {
                case .idle: result["refresh"] = "idle"
                case .running: result["refresh"] = "running"
                case .failed(let error):
                    result["refresh"] = "failed"
                    result["error"] = .string(error.code.rawValue)
                }
                results.append(.object(result))
            }
        } catch {
            results.append(["error": .string(code(of: error))])
        }
        return results
    }

    private func code(of error: any Error) -> String {
        (error as? HolmError)?.code.rawValue ?? "\(error)"
    }
}

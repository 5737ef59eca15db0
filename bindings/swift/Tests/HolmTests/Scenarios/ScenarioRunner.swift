import Foundation
import Holm
import Testing

/// Replays one scenario.
final class ScenarioRunner {
    private let scenario: Scenario
    private let server: TestServer
    private let scratch: Scratch
    private var devices: [String: Holm] = [:]
    private var lastAction: [String: Holm.Receipt] = [:]

    init(_ scenario: Scenario, _ server: TestServer) throws {
        (self.scenario, self.server, self.scratch) = (scenario, server, try Scratch())
    }

    /// Does what the steps say and returns what the devices show in the end.
    func run() async throws -> Holm.JSON {
        for step in scenario.steps {
            if let code = step.fails {
                let found = try await self.code(of: step)
                #expect(found == code, "\(step)")
            } else {
                try await perform(step)
            }
        }
        var transcript: [String: Holm.JSON] = [:]
        for (name, device) in devices {
            transcript[name] = try await shown(by: device)
            try await device.close()
        }
        return .object(transcript)
    }

    /// With which code a step fails; `nil` if it does not.
    private func code(of step: Scenario.Step) async throws -> String? {
        do {
            try await perform(step)
            return nil
        } catch let error as HolmError {
            return error.code.rawValue
        } catch is Absent {
            return HolmError.Code.notFound.rawValue
        }
    }

    /// No open conflict, parked write or journal entry of a step's document.
    private struct Absent: Error {
        let step: Scenario.Step
    }

    private func perform(_ step: Scenario.Step) async throws {
        switch step.action {
        case "sync":
            if let collection = step.json["collection"]?.string {
                try await device(step.device).sync(collection: collection)
            } else {
                try await device(step.device).sync()
            }
        case "resync": try await device(step.device).resync(collection: collectionName(step))
        case "offline": try await device(step.device).setNetwork(.offline)
        case "online": try await device(step.device).setNetwork(.unmetered)
        case "restart": try await restart(step.device)
        case "wait_ms": try await Task.sleep(nanoseconds: UInt64(try step.value("ms").int ?? 0) * 1_000_000)
        case "decided": try await decided(step)
        case "resolve": try await conflict(step).resolve(try resolution(step))
        case "retry": try await parked(step).retry()
        case "discard": try await parked(step).discard()
        case "action":
            lastAction[step.device] = try await device(step.device).action(
                try step.text("name"), of: step.json["id"]?.string, in: step.json["collection"]?.string,
                parameters: try step.value("params"))
        case "expect_result": try await expectResult(step)
        case "restore": try await device(step.device).restore(try await journalled(step))
        case let action where action.hasPrefix("expect"): try await expect(step)
        default: try await write(step)
        }
    }
}

// MARK: - Devices

extension ScenarioRunner {
    private func device(_ name: String) async throws -> Holm {
        if let device = devices[name] { return device }
        let isFirst = devices.isEmpty
        let device = try await open(name)
        devices[name] = device
        let email = "\(scenario.name)@example.com"
        if isFirst {
            try await device.signUp(email: email, password: "correct horse")
        } else {
            try await device.signIn(email: email, password: "correct horse")
        }
        return device
    }

    private func open(_ name: String) async throws -> Holm {
        try await Holm.open(
            HolmConfiguration(
                baseURL: server.url, storage: .directory(scratch.url.appendingPathComponent(name)),
                collections: scenario.collections, autoSync: false, ordered: scenario.ordered))
    }

    /// Waits until no conflict waits for the resolver: a person is told of the others.
    private func decided(_ step: Scenario.Step) async throws {
        let device = try await device(step.device)
        func inConflict() async throws -> Int {
            let collections = (try await device.dump().object ?? [:]).values
            return collections.flatMap { $0["docs"]?.array ?? [] }.filter { $0["status"] == "conflict" }.count
        }
        while try await inConflict() > device.conflicts().count { await Task.yield() }
    }

    private func restart(_ name: String) async throws {
        try await device(name).close()
        devices[name] = try await open(name)
    }

    private func collectionName(_ step: Scenario.Step) -> String {
        step.json["collection"]?.string ?? scenario.collections.first?.name ?? ""
    }

    private func collection(_ step: Scenario.Step) async throws -> Holm.JSONCollection {
        try await device(step.device).collection(named: collectionName(step))
    }

    /// What a device shows, collection by collection.
    private func shown(by device: Holm) async throws -> Holm.JSON {
        let collections = try await device.dump().object ?? [:]
        return .object(
            collections.mapValues { collection in
                let documents = collection["docs"]?.array ?? []
                return .array(
                    documents.map { .object(($0.object ?? [:]).filter { $0.key != "seq" }) })
            })
    }
}

// MARK: - Writing

extension ScenarioRunner {
    private func write(_ step: Scenario.Step) async throws {
        let writes = step.action == "write" ? try step.writes() : [step.json]
        let parts = writes.map { Scenario.Step(number: step.number, json: $0) }
        let names = parts.map(collectionName)
        var malformed: (any Error)?
        try await device(step.device).write(group: step.json["group"]?.bool ?? false) { tx in
            do {
                for (part, collection) in zip(parts, names) { try Self.collect(part, collection, &tx) }
            } catch {
                malformed = error
            }
        }
        if let malformed { throw malformed }
    }

    private static func collect(
        _ step: Scenario.Step, _ collection: String, _ tx: inout Holm.Transaction
    ) throws {
        let id = try step.text("id")
        switch step.action {
        case "create":
            tx.create(try step.value("doc"), id: id, in: collection)
        case "update":
            // Operations are values to a scenario: {"$inc": 1} says of itself what it is.
            tx.update(id, in: collection, Holm.Patch((try step.value("patch").object ?? [:]).mapValues { .set($0) }))
        case "replace":
            tx.replace(
                id, with: try step.value("doc"), in: collection, basedOn: step.json["basedOn"]?.int)
        case "delete":
            tx.delete(id, in: collection)
        default:
            throw Scenario.Malformed(what: "\(step)")
        }
    }
}

// MARK: - Repairing

extension ScenarioRunner {
    private func conflict(_ step: Scenario.Step) async throws -> Holm.Conflict {
        let (id, collection) = (try step.text("id"), collectionName(step))
        let conflicts = try await device(step.device).conflicts()
        let found = conflicts.first { $0.documentID == id && $0.collection == collection }
        guard let found else { throw Absent(step: step) }
        return found
    }

    private func parked(_ step: Scenario.Step) async throws -> Holm.PendingWrite {
        let (id, collection) = (try step.text("id"), collectionName(step))
        let parked = try await device(step.device).parkedWrites()
        let found = parked.first { $0.documentID == id && $0.collection == collection }
        guard let found else { throw Absent(step: step) }
        return found
    }

    /// The newest journal entry of a step's document.
    private func journalled(_ step: Scenario.Step) async throws -> Holm.JournalEntry {
        let (id, collection) = (try step.text("id"), collectionName(step))
        let entries = try await device(step.device).journal(limit: 1_000)
        guard let found = entries.first(where: { $0.documentID == id && $0.collection == collection }) else {
            throw Absent(step: step)
        }
        return found
    }

    private func resolution(_ step: Scenario.Step) throws -> Holm.Resolution {
        switch try step.value("choice") {
        case "keepLocal": return .keepLocal
        case "keepServer": return .keepServer
        case "merge": return .merge
        case let choice:
            guard let document = choice["doc"] else { throw Scenario.Malformed(what: "\(step)") }
            return .document(document)
        }
    }
}

// MARK: - Expecting

extension ScenarioRunner {
    private func expect(_ step: Scenario.Step) async throws {
        switch step.action {
        case "expect": try await expectDocument(step)
        case "expect_query":
            let query = try Holm.Query(scenario: try step.value("query"))
            let ids = try await collection(step).query(query).map { Holm.JSON.string($0.id) }
            let expected = try step.value("ids")
            #expect(.array(ids) == expected, "\(step)")
        case "expect_count":
            let query = try Holm.Query(scenario: step.json["query"] ?? [:])
            let count = try await collection(step).count(query)
            let expected = try step.value("count")
            #expect(.int(Int64(count)) == expected, "\(step)")
        case "expect_state": try await expectState(step)
        case "expect_conflict":
            let conflict = try await conflict(step)
            for (name, side) in [("base", conflict.base), ("local", conflict.local), ("server", conflict.server)] {
                let expected = Self.withoutID(try step.value(name))
                #expect(Self.withoutID(try side?.json()) == expected, "\(name) in \(step)")
            }
            if let fields = step.json["fields"] {
                #expect(.array(conflict.fields.map(Holm.JSON.string)) == fields, "\(step)")
            }
        case "expect_parked":
            #expect(try await parked(step).refusal?.code == step.json["code"]?.string, "\(step)")
        case "expect_journal": try await expectJournal(step)
        case "expect_aggregate": try await expectAggregate(step)
        case "expect_equal": try await expectEqual(step)
        default: throw Scenario.Malformed(what: "\(step)")
        }
    }

    private func expectDocument(_ step: Scenario.Step) async throws {
        let stored = try await collection(step).get(try step.text("id"))
        let expected = Self.withoutID(try step.value("doc"))
        #expect(Self.withoutID(stored?.value) == expected, "\(step)")
        if let status = step.json["status"]?.string { #expect(stored?.status.rawValue == status, "\(step)") }
    }

    private func expectState(_ step: Scenario.Step) async throws {
        let status = try await device(step.device).status()
        let known = ["pending": status.pending, "failed": status.parked, "conflicts": status.conflicts]
        for (name, count) in known {
            guard let expected = step.json[name]?.int else { continue }
            #expect(Int64(count) == expected, "\(name) in \(step)")
        }
    }

    private func expectJournal(_ step: Scenario.Step) async throws {
        let entry = try await journalled(step)
        #expect(entry.reason.rawValue == step.json["reason"]?.string, "\(step)")
        let lost = Self.withoutID(try step.value("lost"))
        #expect(Self.withoutID(entry.lost) == lost, "\(step)")
    }

    /// How the last action of a device ended.
    private func expectResult(_ step: Scenario.Step) async throws {
        let receipt = try #require(lastAction[step.device], "\(step)")
        let result = try await device(step.device).result(of: receipt)
        let outcome =
            switch result.outcome {
            case .accepted: "accepted"
            case .parked: "parked"
            case .discarded: "discarded"
            case .withdrawn: "withdrawn"
            case .overridden: "overridden"
            case .unchanged: "unchanged"
            }
        #expect(outcome == step.json["outcome"]?.string, "\(step)")
        #expect(result.value ?? .null == step.json["value"] ?? .null, "\(step)")
    }

    private func expectAggregate(_ step: Scenario.Step) async throws {
        let figures = try (try step.value("of").array ?? []).map(Holm.Aggregate.init(scenario:))
        let filter = step.json["query"]?["where"].map(Holm.Filter.json)
        let (collection, by) = (try await collection(step), step.json["by"]?.string)
        var live = collection.liveAggregate(figures, where: filter, by: by).makeAsyncIterator()
        let expected = try step.value("rows")
        for rows in [try await collection.aggregate(figures, where: filter, by: by), try await live.next() ?? []] {
            let shown = rows.map { row -> Holm.JSON in
                row.by.map { ["by": $0, "values": .array(row.values)] } ?? ["values": .array(row.values)]
            }
            #expect(.array(shown) == expected, "\(step)")
        }
    }

    private func expectEqual(_ step: Scenario.Step) async throws {
        var first: Holm.JSON?
        for name in (try step.value("devices").array ?? []).compactMap(\.string) {
            // Sequence numbers, counts and digests are told as well: they, too, must be the same.
            let dump = try await device(name).dump()
            for collection in (dump.object ?? [:]).values {
                for document in collection["docs"]?.array ?? [] {
                    #expect(document["status"] == "synced", "\(document) of \(name) in \(step)")
                }
            }
            #expect(dump == first ?? dump, "\(name) in \(step)")
            first = dump
        }
    }

    /// Scenarios speak of content; that the id is a part of it in Swift is another matter.
    private static func withoutID(_ document: Holm.JSON?) -> Holm.JSON {
        guard case .object(var members)? = document else { return document ?? .null }
        members["id"] = nil
        return .object(members)
    }
}

import Foundation
import Holm
import HolmTesting
import Testing

/// Each collection has a resolver of its own, or is refused.
@Suite struct CollectionResolvers {
    /// Always decides alike.
    private struct Always: HolmConflictResolver {
        let resolution: Holm.Resolution

        func resolve(_: Holm.ConflictDetails) async throws -> Holm.Resolution? { resolution }
    }

    private static func collection(_ name: String, _ resolution: Holm.Resolution) -> Holm.CollectionDescriptor {
        Holm.CollectionDescriptor(name, conflict: .custom, resolver: Always(resolution: resolution))
    }

    @Test func each_collection_asks_its_own_resolver() async throws {
        let ours = Self.collection("drafts", .keepLocal)
        let theirs = Self.collection("catalogue", .keepServer)
        let world = try await TestWorld(collections: [ours, theirs])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        let names = [ours.name, theirs.name]
        for name in names { try await phone.holm.collection(named: name).create(["text": "base"], id: "d") }
        try await world.syncAll()
        for (device, text) in [(tablet, "tablet"), (phone, "phone")] as [(TestDevice, String)] {
            for name in names { try await device.holm.collection(named: name).update("d", ["text": .set(text)]) }
            try await device.holm.sync()
        }
        for name in names {
            while try await phone.holm.collection(named: name).get("d")?.status == .conflict { await Task.yield() }
        }
        try await world.syncAll()
        #expect(try await phone.holm.conflicts().isEmpty)
        #expect(try await tablet.holm.collection(named: "drafts").get("d")?.value["text"] == "phone")
        #expect(try await phone.holm.collection(named: "catalogue").get("d")?.value["text"] == "tablet")
        try world.stop()
    }

    /// Decides nothing as long as it may think.
    private struct Thinking: HolmConflictResolver {
        func resolve(_: Holm.ConflictDetails) async throws -> Holm.Resolution? {
            try await Task.sleep(nanoseconds: 60_000_000_000)
            return nil
        }
    }

    @Test func a_conflict_whose_resolver_is_gone_goes_to_a_person_and_says_so() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(Holm.newID())
        defer { try? FileManager.default.removeItem(at: directory) }
        let notes = Holm.CollectionDescriptor("notes", conflict: .custom, resolver: Thinking())
        let world = try await TestWorld(collections: [notes])
        let phone = try await world.device("phone") { $0.storage = .directory(directory) }
        let tablet = try await world.device("tablet")
        try await phone.holm.collection(named: "notes").create(["text": "base"], id: "d")
        try await world.syncAll()
        for (device, text) in [(tablet, "tablet"), (phone, "phone")] as [(TestDevice, String)] {
            try await device.holm.collection(named: "notes").update("d", ["text": .set(text)])
            try await device.holm.sync()
        }
        #expect(try await phone.holm.conflicts().isEmpty, "the resolver still thinks")
        try await phone.holm.close()
        let later = Holm.CollectionDescriptor("notes", conflict: .prompt)
        let holm = try await Holm.open(HolmConfiguration(storage: .directory(directory), collections: [later]))
        #expect(try await holm.conflicts().map(\.resolverFault) == [.missing])
        try await holm.close()
        try world.stop()
    }

    static let refused: [Holm.CollectionDescriptor] = [
        Holm.CollectionDescriptor("notes", conflict: .custom),
        Holm.CollectionDescriptor("notes", conflict: .merge, resolver: Always(resolution: .keepLocal)),
    ]

    /// Whatever other collections have.
    @Test(arguments: refused) func a_strategy_and_a_resolver_go_together(_ wrong: Holm.CollectionDescriptor) async {
        let right = Self.collection("drafts", .keepLocal)
        await #expect {
            try await Holm.open(HolmConfiguration(storage: .inMemory, collections: [right, wrong]))
        } throws: { error in
            let error = error as? HolmError
            return error?.code == .invalidConfig && error?.message.contains("notes") == true
        }
    }
}

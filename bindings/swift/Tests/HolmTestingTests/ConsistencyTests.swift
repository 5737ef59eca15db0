import Foundation
import Holm
import HolmTesting
import Testing

/// Writes of a confirmed collection: they return with the server's word, or leave nothing behind.
@Suite struct ConsistencyTests {
    private let todos = Holm.CollectionDescriptor("todos", consistency: .confirmed(timeout: 20))

    private func failure(_ call: () async throws -> Void) async -> HolmError? {
        do {
            try await call()
            return nil
        } catch {
            return error as? HolmError
        }
    }

    @Test func a_confirmed_write_is_on_the_server_or_nowhere() async throws {
        let world = try await TestWorld(collections: [todos])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        let (here, there) = (phone.holm.collection(named: "todos"), tablet.holm.collection(named: "todos"))
        try await here.create(["title": "Buy milk", "n": 0], id: "t")
        #expect(try await phone.holm.status().pending == 0)
        try await tablet.holm.sync()
        try await here.update("t", ["n": 1])
        #expect(await failure { try await there.update("t", ["title": "Buy oat milk"]) }?.code == .versionMismatch)
        #expect(try await there.get("t")?.value == ["id": "t", "title": "Buy milk", "n": 1])
        try await tablet.holm.write { tx in tx.update("t", in: "todos", ["title": "Buy oat milk"]) }

        phone.network.goOffline()
        #expect(await failure { try await here.delete("t") }?.code == .offline)
        #expect(try await here.get("t")?.value == ["id": "t", "title": "Buy milk", "n": 1])
        phone.network.goOnline()
        try await phone.holm.sync()
        #expect(try await here.get("t")?.value["title"] == "Buy oat milk")
    }

    @Test func a_write_without_an_answer_says_so_and_is_told_of_later() async throws {
        let world = try await TestWorld(collections: [todos])
        let phone = try await world.device("phone")
        try await phone.holm.sync()
        phone.network.fail(.lostReply)
        let done = Done()
        let writing = Task {
            let failure = await failure { try await phone.holm.collection(named: "todos").create([:], id: "t") }
            await done.set()
            return failure
        }
        // Time does not pass before the write has gone out and its reply is lost.
        while try await phone.holm.status().lastError == nil { await Task.yield() }
        while await !done.isSet {
            try world.advance(by: 1)
            await Task.yield()
        }
        let error = try #require(await writing.value)
        #expect(error.code == .unconfirmed)
        phone.network.heal()
        try await phone.holm.sync()
        let operation = try #require(error.operationID)
        #expect(try await phone.holm.confirmed(operationID: operation) == .accepted(version: nil))
    }

    @Test func a_cancelled_write_that_was_not_sent_is_taken_back() async throws {
        let world = try await TestWorld(collections: [todos])
        let phone = try await world.device("phone")
        // Nothing is sent before the collection was read, and that fails again and again.
        phone.network.fail(.timeout)
        let here = phone.holm.collection(named: "todos")
        let writing = Task { await failure { try await here.create([:], id: "t") } }
        while try await here.get("t") == nil { await Task.yield() }
        writing.cancel()
        #expect(await writing.value?.code == .cancelled)
        while try await here.get("t") != nil { await Task.yield() }
        #expect(try await phone.holm.status().pending == 0)
    }

    private actor Done {
        private(set) var isSet = false
        func set() { isSet = true }
    }
}

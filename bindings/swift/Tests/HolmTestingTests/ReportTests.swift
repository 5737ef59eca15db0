import Foundation
import Holm
import HolmTesting
import Testing

/// What a sync could not do, as its report and the status say it.
@Suite struct ReportTests {
    @Test func a_write_that_is_told_to_wait_is_deferred() async throws {
        let world = try await TestWorld(collections: [Todo.collection])
        let phone = try await world.device("phone")
        try await phone.holm.sync()
        let milk = try await phone.collection(Todo.self).create(Todo(title: "Buy milk"))
        phone.network.fail(.deferred, times: 1)
        let deferred = try await phone.holm.sync().deferred
        #expect(deferred.map(\.operationID) == [milk.operationID] && deferred.map(\.code) == ["SERVICE_UNAVAILABLE"])
        #expect(try deferred.allSatisfy { $0.nextAttempt > (try phone.now) })
        let status = try await phone.holm.status()
        #expect(status.pending == 1 && status.deferred == 1 && status.setAside == 0)

        #expect(try await phone.holm.sync().deferred.isEmpty)
        let after = try await phone.holm.status()
        #expect(after.pending == 0 && after.deferred == 0)
    }

    @Test func a_record_that_cannot_be_read_is_set_aside_until_it_can() async throws {
        let world = try await TestWorld(collections: [Todo.collection])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        try await tablet.holm.sync()
        let todos = phone.collection(Todo.self)
        try await todos.create(contentsOf: [Todo(id: "t", title: "Buy milk"), Todo(id: "u", title: "Buy bread")])
        try await phone.holm.sync()

        tablet.network.fail(.unreadable, times: 1)
        let aside = try await tablet.holm.sync().setAside
        #expect(Set(aside.map(\.documentID)) == ["t", "u"] && aside.allSatisfy { $0.collection == "todos" })
        #expect(aside.first?.error.code == .invalidResponse)
        #expect(try await tablet.holm.status().setAside == 2)
        #expect(try await tablet.collection(Todo.self).get("t") == nil)

        // A newer state that can be read takes its place.
        try await todos.update("t", ["title": "Buy oat milk"])
        try await phone.holm.sync()
        #expect(try await tablet.holm.sync().setAside.isEmpty)
        #expect(try await tablet.holm.status().setAside == 1)
        #expect(try await tablet.collection(Todo.self).get("t")?.title == "Buy oat milk")
    }
}

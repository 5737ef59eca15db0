import Foundation
import Holm
import HolmTesting
import Testing

// The code of docs/guides/conflicts.md: what stands between the marks is there word for word.

@Suite struct ConflictsGuide {
    struct Todo: HolmDocument {
        // snippet: begin
        static let collection = Holm.CollectionDescriptor("todos", conflict: .prompt)
        // snippet: end
        var id = Holm.newID()
        var title: String
    }

    // snippet: begin
    @Test func both_devices_rename_the_same_todo_while_offline() async throws {
        let world = try await TestWorld(collections: [Todo.collection])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        let milk = Todo(title: "Milk")
        try await phone.collection(Todo.self).create(milk)
        try await world.syncAll()

        phone.network.goOffline()
        try await phone.collection(Todo.self).update(milk.id, \.title, to: "Oat milk")
        try await tablet.collection(Todo.self).update(milk.id, \.title, to: "Soy milk")
        try await world.syncAll()
        phone.network.goOnline()
        try await world.syncAll()

        try await phone.holm.conflicts().first?.resolve(.keepLocal)
        try await world.syncAll()
        #expect(try await tablet.collection(Todo.self).get(milk.id)?.title == "Oat milk")
    }
    // snippet: end

    /// Two devices whose owner has renamed the same todo on both.
    private func disagreement() async throws -> (world: TestWorld, holm: Holm, milk: Todo, tablet: TestDevice) {
        let world = try await TestWorld(collections: [Todo.collection])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        let milk = Todo(title: "Milk")
        try await phone.collection(Todo.self).create(milk)
        try await world.syncAll()
        try await tablet.collection(Todo.self).update(milk.id, \.title, to: "Soy milk")
        try await tablet.holm.sync()
        try await phone.collection(Todo.self).update(milk.id, \.title, to: "Oat milk")
        try await phone.holm.sync()
        return (world, phone.holm, milk, tablet)
    }

    @Test func a_conflict_is_shown_with_both_sides() async throws {
        let (world, holm, _, _) = try await disagreement()
        let (shown, tell) = AsyncStream.makeStream(of: [String?].self)
        let show: @Sendable (Holm.Conflict, Todo?, Todo?) -> Void = { _, mine, theirs in
            tell.yield([mine?.title, theirs?.title])
        }
        let watching = Task {
            // snippet: begin
            for try await status in holm.statuses where status.conflicts > 0 {
                for conflict in try await holm.conflicts() {
                    let mine = try conflict.local?.decode(Todo.self)  // nil: deleted here
                    let theirs = try conflict.server?.decode(Todo.self)  // nil: deleted on the server
                    show(conflict, mine, theirs)
                }
            }
            // snippet: end
        }
        var titles = shown.makeAsyncIterator()
        #expect(await titles.next() == ["Oat milk", "Soy milk"])
        watching.cancel()
        try await watching.value
        try world.stop()
    }

    @Test func a_side_is_taken() async throws {
        let (world, holm, milk, tablet) = try await disagreement()
        let conflict = try #require(try await holm.conflicts().first)
        // snippet: begin
        try await conflict.resolve(.keepLocal)  // or .keepServer, or .merge: field by field, the later edit
        // snippet: end
        try await world.syncAll()
        #expect(try await tablet.collection(Todo.self).get(milk.id)?.title == "Oat milk")
    }

    @Test func both_sides_are_put_together() async throws {
        let (world, holm, milk, tablet) = try await disagreement()
        let conflict = try #require(try await holm.conflicts().first)
        let mine = try #require(try conflict.local?.decode(Todo.self))
        let theirs = try #require(try conflict.server?.decode(Todo.self))
        // snippet: begin
        var merged = mine
        merged.title = theirs.title
        try await conflict.resolve(.document(merged))
        // snippet: end
        try await world.syncAll()
        #expect(try await tablet.collection(Todo.self).get(milk.id)?.title == "Soy milk")
    }

    @Test func what_lost_is_restored_from_the_journal() async throws {
        let (_, holm, milk, _) = try await disagreement()
        try await holm.conflicts().first?.resolve(.keepServer)
        // snippet: begin
        if let entry = try await holm.journal().first(where: { $0.documentID == milk.id }) {
            try await holm.restore(entry)
        }
        // snippet: end
        #expect(try await holm.collection(Todo.self).get(milk.id)?.title == "Oat milk")
    }
}

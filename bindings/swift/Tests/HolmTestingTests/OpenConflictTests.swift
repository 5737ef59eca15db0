import Holm
import HolmTesting
import Testing

/// A conflict that waits while life goes on.
@Suite struct OpenConflicts {
    @Test func an_open_conflict_takes_in_what_happens_meanwhile() async throws {
        let world = try await TestWorld(collections: [Todo.collection])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        let (mine, theirs) = (phone.collection(Todo.self), tablet.collection(Todo.self))
        let milk = Todo(title: "Milk")
        try await mine.create(milk)
        try await world.syncAll()
        phone.network.goOffline()
        try await mine.update(milk.id, \.title, to: "Oat milk")
        try await theirs.update(milk.id) { ($0.title, $0.isCompleted) = ("Soy milk", true) }
        try await world.syncAll()
        phone.network.goOnline()
        try await world.syncAll()
        let asked = try #require(try await phone.holm.conflicts().first)
        #expect(asked.resolverFault == nil, "no resolver was to decide it")
        #expect(try asked.local?.decode(Todo.self).isCompleted == true, "what only the other changed is in both sides")

        try await mine.update(milk.id, \.title, to: "Almond milk")
        try await theirs.update(milk.id, \.title, to: "Rice milk")
        try await world.syncAll()
        let open = try #require(try await phone.holm.conflicts().first)
        #expect(open.id == asked.id)
        #expect(try open.base?.decode(Todo.self).title == "Milk")
        #expect(try open.local?.decode(Todo.self).title == "Almond milk")
        #expect(try open.server?.decode(Todo.self).title == "Rice milk")
    }
}

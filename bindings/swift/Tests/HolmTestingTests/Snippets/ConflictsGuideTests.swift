import Holm
import HolmTesting
import Testing

/// The code of docs/guides/conflicts.md: what stands between the marks is shown there.
@Suite struct ConflictsGuide {
    private struct Prompted: HolmDocument {
        // snippet: begin
        static let collection = Holm.CollectionDescriptor("todos", conflict: .prompt)
        // snippet: end
        var id = Holm.newID()
    }

    private typealias Question = (conflict: Holm.Conflict, mine: Todo?, theirs: Todo?)

    private let world: TestWorld
    private let phone: TestDevice
    private let tablet: TestDevice
    private let milk = Todo(title: "Milk")

    /// Both devices have renamed the same todo; the phone is in conflict.
    init() async throws {
        world = try await TestWorld(collections: [Todo.collection])
        (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        try await phone.collection(Todo.self).create(milk)
        try await world.syncAll()
        phone.network.goOffline()
        try await phone.collection(Todo.self).update(milk.id, \.title, to: "Oat milk")
        try await tablet.collection(Todo.self).update(milk.id) { ($0.title, $0.isCompleted) = ("Soy milk", true) }
        try await world.syncAll()
        phone.network.goOnline()
        try await world.syncAll()
    }

    @Test func a_person_is_asked_and_decides() async throws {
        let holm = phone.holm
        let (questions, ask) = AsyncStream.makeStream(of: Question.self)
        let show: @Sendable (Holm.Conflict, Todo?, Todo?) -> Void = { ask.yield(($0, $1, $2)) }
        let asking = Task {
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
        var shown = questions.makeAsyncIterator()
        let (conflict, mine, theirs) = try #require(await shown.next())
        #expect(mine?.title == "Oat milk" && theirs?.title == "Soy milk")
        #expect(mine?.isCompleted == true, "what only the tablet changed is in both")
        #expect(Prompted.collection.conflict == Todo.collection.conflict)
        // snippet: begin
        try await conflict.resolve(.keepLocal)  // or .keepServer, or .merge: field by field, the later edit
        // snippet: end
        asking.cancel()
        try await asking.value
        try await expectTitle("Oat milk")
    }

    @Test func the_fields_are_chosen_one_by_one() async throws {
        let conflict = try #require(try await phone.holm.conflicts().first)
        let mine = try #require(try conflict.local?.decode(Todo.self))
        let theirs = try #require(try conflict.server?.decode(Todo.self))
        // snippet: begin
        var merged = mine
        merged.title = theirs.title
        try await conflict.resolve(.document(merged))
        // snippet: end
        try await expectTitle("Soy milk")
    }

    @Test func an_open_conflict_takes_in_what_happens_meanwhile() async throws {
        try await phone.collection(Todo.self).update(milk.id, \.title, to: "Almond milk")
        try await tablet.collection(Todo.self).update(milk.id, \.title, to: "Rice milk")
        try await world.syncAll()
        let conflict = try #require(try await phone.holm.conflicts().first)
        #expect(try conflict.local?.decode(Todo.self).title == "Almond milk")
        #expect(try conflict.server?.decode(Todo.self).title == "Rice milk")
        #expect(try conflict.base?.decode(Todo.self).title == "Milk")
    }

    @Test func what_lost_is_brought_back_from_the_journal() async throws {
        try await phone.holm.conflicts().first?.resolve(.keepServer)
        try await expectTitle("Soy milk")
        let (holm, todos) = (phone.holm, phone.collection(Todo.self))
        // snippet: begin
        for entry in try await holm.journal() where entry.documentID == milk.id {
            if let title = entry.lost["title"]?.string {
                try await todos.update(milk.id, \.title, to: title)
            }
        }
        // snippet: end
        try await expectTitle("Oat milk")
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

    private func expectTitle(_ title: String) async throws {
        try await world.syncAll()
        for device in world.devices {
            let todo = try await device.collection(Todo.self).getStored(milk.id)
            #expect(todo?.value.title == title)
            #expect(todo?.status == .synced)
        }
    }
}

import Foundation
import Holm
import HolmTesting
import Testing

// The code of docs/getting-started-ios.md: what stands between the marks is there word for word.

@Suite struct GettingStarted {
    // snippet: begin
    @Test func a_conflict_between_two_devices_is_kept_for_a_person() async throws {
        let world = try await TestWorld(collections: [Todo.collection])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        let milk = Todo(title: "Milk")
        try await phone.collection(Todo.self).create(milk)
        try await world.syncAll()

        phone.network.goOffline()
        try await phone.collection(Todo.self).update(milk.id) { $0.title = "Oat milk" }
        try await tablet.collection(Todo.self).update(milk.id) { $0.title = "Soy milk" }
        try await world.syncAll()
        phone.network.goOnline()
        try await world.syncAll()

        let conflict = try #require(try await phone.holm.conflicts().first)
        try await conflict.resolve(.keepLocal)
        try await world.syncAll()
        #expect(try await tablet.collection(Todo.self).get(milk.id)?.title == "Oat milk")
    }
    // snippet: end

    @Test func the_first_collection() async throws {
        // snippet: begin
        struct Todo: HolmDocument {
            static let collection = Holm.CollectionDescriptor(
                "todos", conflict: .prompt, indexes: [["isCompleted", "createdAt"]])
            var id = Holm.newID()
            var title: String
            var isCompleted = false
            var createdAt = Int64(Date().timeIntervalSince1970 * 1_000)
        }
        // snippet: end

        let world = try await TestWorld(collections: [])
        let support = FileManager.default.urls(for: .applicationSupportDirectory, in: .userDomainMask)[0]
        defer { try? FileManager.default.removeItem(at: support.appendingPathComponent("Holm/tasks")) }
        let url = world.url
        // snippet: begin
        let configuration = HolmConfiguration(
            baseURL: url, storage: .appSupport("tasks"), collections: [Todo.collection])
        let holm = try await Holm.open(configuration)
        await holm.attach()
        if !holm.isSignedIn {
            try await holm.signUp(email: "ann@example.com", password: "correct horse")
        }

        let todos = holm.collection(Todo.self)
        let milk = Todo(title: "Buy milk")
        try await todos.create(milk)
        try await todos.update(milk.id) { $0.isCompleted = true }
        // snippet: end
        try await holm.sync()
        #expect(try await todos.queryStored().map(\.value.isCompleted) == [true])
        #expect(try await todos.queryStored().map(\.status) == [.synced])
        try await holm.close()
    }

    @Test func a_live_query_is_a_sequence() async throws {
        let holm = try await Holm.open(.init(storage: .inMemory, collections: [Todo.collection]))
        let todos = holm.collection(Todo.self)
        try await todos.create(Todo(title: "Milk"))
        let reading = Task {
            var titles: [String] = [] {
                didSet { if titles == ["Milk"] { withUnsafeCurrentTask { $0?.cancel() } } }
            }
            // snippet: begin
            for try await snapshot in todos.live(where: .eq("isCompleted", false)) {
                titles = snapshot.values.map(\.title)
            }
            // snippet: end
            return titles
        }
        #expect(try await reading.value == ["Milk"])
    }

    @Test func without_a_network() async throws {
        let world = try await TestWorld(collections: [Todo.collection])
        let holm = try await Holm.open(.init(baseURL: world.url, storage: .inMemory, collections: [Todo.collection]))
        try await holm.signUp(email: "ann@example.com", password: "correct horse")
        let todos = holm.collection(Todo.self)
        // snippet: begin
        holm.setNetwork(.offline)  // attach() does this when the device says so
        let receipt = try await todos.create(Todo(title: "Written on the train"))
        let waiting = try await holm.status().pending  // 1

        holm.setNetwork(.unmetered)
        let outcome = try await holm.confirmed(receipt)  // how it ended: .accepted, or .parked, .overridden, …
        // snippet: end
        #expect(waiting == 1 && outcome == .accepted(version: 1))
        try await holm.close()
    }

    @Test func when_two_devices_change_the_same_thing() async throws {
        let world = try await TestWorld(collections: [Todo.collection])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        let milk = Todo(title: "Milk")
        try await phone.collection(Todo.self).create(milk)
        try await world.syncAll()
        try await phone.collection(Todo.self).update(milk.id, \.title, to: "Oat milk")
        try await tablet.collection(Todo.self).update(milk.id, \.title, to: "Soy milk")
        try await tablet.holm.sync()
        try await phone.holm.sync()
        let holm = phone.holm
        #expect(try await holm.conflicts().count == 1)
        // snippet: begin
        for conflict in try await holm.conflicts() {
            let mine = try conflict.local?.decode(Todo.self)
            let theirs = try conflict.server?.decode(Todo.self)
            print("Here: \(mine?.title ?? "deleted"), there: \(theirs?.title ?? "deleted")")
            try await conflict.resolve(.keepLocal)  // or .keepServer, .merge, .document(…)
        }
        // snippet: end
        try await world.syncAll()
        #expect(try await tablet.collection(Todo.self).get(milk.id)?.title == "Oat milk")
    }

    @Test func a_write_that_the_server_refuses() async throws {
        let rules = """
            [collections.todos.fields.title]
            type = "string"
            max_length = 20
            """
        let world = try await TestWorld(collections: [Todo.collection], rules: rules)
        let phone = try await world.device("phone")
        let (holm, todos) = (phone.holm, phone.collection(Todo.self))
        try await todos.create(Todo(title: "A title that the server finds too long"))
        try await world.syncAll()
        #expect(try await holm.parkedWrites().count == 1)
        // snippet: begin
        for write in try await holm.parkedWrites() {
            print(write.refusal?.message ?? "")
            try await todos.update(write.documentID) { $0.title = "A shorter title" }
            try await write.retry()  // or discard()
        }
        // snippet: end
        try await world.syncAll()
        #expect(try await todos.queryStored().map(\.status) == [.synced])
    }
}

import Holm
import Testing

extension HolmSuite {
    /// Syncing one collection, and reading one anew.
    @Suite struct OneCollection {
        @Test func sync_of_one_collection_leaves_the_others_queued() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                try await device.todos.create(Todo(id: "t", title: "x"))
                try await device.lists.create(TodoList(id: "l", name: "y"))
                #expect(try await device.holm.sync(collection: "todos").pushed == 1)
                #expect(try await device.holm.pendingWrites().map(\.collection) == ["lists"])
                #expect(await failure { try await device.holm.sync(collection: "no name") }?.code == .invalidName)
                device.holm.setNetwork(.offline)
                #expect(await failure { try await device.holm.sync(collection: "lists") }?.code == .offline)
                #expect(await failure { try await device.holm.resync(collection: "lists") }?.code == .offline)
            }
        }

        @Test func resync_reads_a_collection_anew_and_keeps_the_queue() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                try await device.todos.create(contentsOf: (0..<3).map { Todo(id: "\($0)", title: "x") })
                try await device.holm.sync()
                #expect(try await device.holm.sync().pulled == 0)
                try await device.todos.update("1", \.title, to: "y")
                let report = try await device.holm.resync(collection: "todos")
                #expect(report.pushed == 1)
                #expect(report.deferred.isEmpty && report.setAside.isEmpty)
                #expect(try await device.todos.get("1")?.title == "y")
                #expect(try await device.todos.count() == 3)
            }
        }

        @Test func one_collection_without_a_server_is_refused() async throws {
            let holm = try await openInMemory()
            #expect(await failure { try await holm.sync(collection: "todos") }?.code == .invalidConfig)
            #expect(await failure { try await holm.resync(collection: "todos") }?.code == .invalidConfig)
        }
    }
}

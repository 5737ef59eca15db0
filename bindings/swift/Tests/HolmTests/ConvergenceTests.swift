import Holm
import Testing

extension HolmSuite {
    /// Several devices of one person.
    @Suite struct Convergence {
        @Test func two_devices_come_to_the_same_documents() async throws {
            try await withServer { server in
                let (a, b) = try await Device.pair(server)
                try await a.todos.create(contentsOf: (0..<20).map { Todo(id: "a\($0)", title: "a\($0)") })
                try await b.todos.create(contentsOf: (0..<20).map { Todo(id: "b\($0)", title: "b\($0)") })
                try await b.lists.create(TodoList(id: "l", name: "Home"))
                for device in [a, b, a, b] { try await device.holm.sync() }
                try await a.todos.update("b3") { $0.isCompleted = true }
                try await a.todos.delete("a7")
                try await b.todos.update("b3") { $0.priority = 9 }
                try await b.lists.update("l") { $0.name = "House" }
                for device in [a, b, a, b] { try await device.holm.sync() }

                let shown = try await a.holm.dump()
                #expect(try await b.holm.dump() == shown)
                let todo = try #require(try await a.todos.getStored("b3"))
                #expect(todo.value.isCompleted && todo.value.priority == 9)
                #expect(todo.status == .synced)
                #expect(try await b.todos.get("a7") == nil)
                #expect(try await a.todos.count() == 39)
                #expect(try await a.lists.get("l")?.name == "House")
            }
        }

        @Test func a_report_says_what_a_sync_did() async throws {
            try await withServer { server in
                let (a, b) = try await Device.pair(server)
                try await a.todos.create(contentsOf: (0..<5).map { Todo(title: "\($0)") })
                let sent = try await a.holm.sync()
                #expect(sent.pushed == 5)
                #expect(sent.parked == 0)
                #expect(sent.requests > 0 && sent.bytesUp > 0 && sent.bytesDown > 0)
                #expect(sent.duration >= 0)
                let read = try await b.holm.sync()
                #expect(read.pulled == 5)
                #expect(read.pushed == 0)
                let stats = try b.holm.stats()
                #expect(stats.requests >= read.requests && stats.bytesDown >= read.bytesDown)
            }
        }

        @Test func the_client_syncs_by_itself_after_a_write() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true, autoSync: true)
                let milk = Todo(title: "Buy milk")
                let receipt = try await device.todos.create(milk)
                #expect(try await device.holm.confirmed(receipt) == .accepted(version: 1))
                try await device.holm.waitUntilIdle()
                #expect(try await device.todos.getStored(milk.id)?.status == .synced)
            }
        }

        @Test func without_a_network_writes_wait_and_leave_when_it_comes() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true, autoSync: true)
                // The sync that follows the sign-in is over.
                for try await status in device.holm.statuses where status.phase == .idle && status.lastSync != nil {
                    break
                }
                device.holm.setNetwork(.offline)
                let receipt = try await device.todos.create(Todo(title: "Buy milk"))
                #expect(await failure { try await device.holm.sync() }?.code == .offline)
                #expect(try await device.holm.status().pending == 1)
                device.holm.setNetwork(.metered)
                #expect(try await device.holm.confirmed(receipt) == .accepted(version: 1))
            }
        }

        @Test func a_write_that_was_undone_before_it_was_sent_is_withdrawn() async throws {
            let holm = try await openInMemory()
            let todos = holm.collection(Todo.self)
            let receipt = try await todos.create(Todo(id: "a", title: "a"))
            let outcome = Task { try await holm.confirmed(receipt) }
            // The outcome is told to those who wait; who asks later learns that nothing is left to send.
            try await todos.delete("a")
            let known: [Holm.WriteOutcome] = [.withdrawn, .accepted(version: nil)]
            #expect(known.contains(try await outcome.value))
            #expect(try await holm.pendingWrites().isEmpty)
        }
    }
}

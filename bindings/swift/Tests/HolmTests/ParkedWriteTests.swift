import Holm
import Testing

extension HolmSuite {
    /// Writes that the server refuses.
    @Suite struct ParkedWrites {
        private let tooLong = String(repeating: "x", count: 41)

        @Test func f09_a_refused_write_is_visible_and_stops_no_other_document() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                let refused = try await device.todos.create(Todo(id: "bad", title: tooLong))
                try await device.todos.create(contentsOf: (0..<9).map { Todo(id: "good\($0)", title: "\($0)") })
                let report = try await device.holm.sync()
                #expect(report.parked == 1)
                #expect(report.pushed == 9)
                #expect(try await device.holm.confirmed(refused) == .parked)
                try await device.restart()

                let status = try await device.holm.status()
                #expect(status.parked == 1)
                #expect(status.pending == 0)
                #expect(try await device.todos.getStored("bad")?.status == .failed)
                let writes = try await device.holm.parkedWrites()
                let write = try #require(writes.first)
                #expect(writes.count == 1)
                #expect(write.id == refused.operationID)
                #expect(write.collection == "todos" && write.documentID == "bad")
                #expect(write.kind == .create && write.state == .parked)
                let refusal = try #require(write.refusal)
                #expect(refusal.code == "VALIDATION_ERROR")
                #expect(!refusal.message.isEmpty)
                #expect(refusal.fields["title"]?.string?.isEmpty == false)
            }
        }

        @Test func an_edited_write_passes_when_it_is_tried_again() async throws {
            try await withServer { server in
                let (device, other) = try await Device.pair(server)
                try await device.todos.create(Todo(id: "t", title: "fine"))
                try await device.holm.sync()
                try await device.todos.update("t", ["title": .set(tooLong), "priority": .increment(2)])
                try await device.holm.sync()
                let write = try #require(try await device.holm.parkedWrites().first)
                #expect(write.kind == .update)
                #expect(write.changes["title"] == .string(tooLong))
                #expect(write.changes["priority"]?["$inc"] == 2)
                try await device.todos.update("t", ["title": "short"])
                try await write.retry()
                let report = try await device.holm.sync()
                #expect(report.parked == 0)
                #expect(try await device.holm.parkedWrites().isEmpty)
                try await other.holm.sync()
                let todo = try #require(try await other.todos.get("t"))
                #expect(todo.title == "short")
                #expect(todo.priority == 2)
            }
        }

        @Test func f10_a_discarded_write_is_undone_here_and_kept_in_the_journal() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                try await device.todos.create(Todo(id: "t", title: "fine"))
                try await device.holm.sync()
                let receipt = try await device.todos.update("t", ["title": .set(tooLong)])
                try await device.holm.sync()
                let write = try #require(try await device.holm.parkedWrites().first)
                try await write.discard()
                #expect(try await device.todos.get("t")?.title == "fine")
                #expect(try await device.todos.getStored("t")?.status == .synced)
                #expect(try await device.holm.confirmed(receipt) == .discarded)
                let entry = try #require(try await device.holm.journal(limit: 1).first)
                #expect(entry.reason == .discarded)
                #expect(entry.operationID == receipt.operationID)
                #expect(entry.lost == ["title": .string(tooLong)])
                #expect(await failure { try await write.retry() }?.code == .notFound)
                #expect(await failure { try await write.discard() }?.code == .notFound)
            }
        }
    }
}

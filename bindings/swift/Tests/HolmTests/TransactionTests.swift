import Holm
import Testing

extension HolmSuite {
    /// Writes that belong together.
    @Suite struct Transactions {
        @Test func writes_to_several_collections_happen_together() async throws {
            let holm = try await openInMemory([Todo.collection, TodoList.collection])
            let (todos, lists) = (holm.collection(Todo.self), holm.collection(TodoList.self))
            try await lists.create(TodoList(id: "l", name: "Home"))
            let kept = Todo(id: "kept", title: "kept")
            try await todos.create(contentsOf: [kept, Todo(id: "gone", title: "gone"), Todo(id: "old", title: "old")])
            var edited = kept
            edited.priority = 5
            let before = try holm.stats().commits
            let receipts = try await holm.write { tx in
                tx.create(Todo(id: "new", title: "new"))
                tx.update("l", in: TodoList.self, ["count": .increment()])
                tx.delete("gone", in: Todo.self)
                tx.replace(Todo(id: "old", title: "replaced"))
                tx.update(from: kept, to: kept)
                tx.update(from: kept, to: edited)
                tx.create(["free": true], id: "j", in: "untyped")
                tx.update("j", in: "untyped", ["free": false])
            }
            #expect(try holm.stats().commits == before + 1)
            #expect(receipts.map(\.documentID) == ["new", "l", "gone", "old", "kept", "kept", "j", "j"])
            #expect(receipts.map { $0.operationID == nil } == [false, false, false, false, true, false, false, false])
            #expect(try await todos.query().map(\.id) == ["kept", "new", "old"])
            #expect(try await todos.get("old")?.title == "replaced")
            #expect(try await todos.get("kept")?.priority == 5)
            #expect(try await lists.get("l")?.count == 1)
            #expect(try await holm.collection(named: "untyped").get("j")?.value == ["id": "j", "free": false])
        }

        @Test func if_one_write_fails_none_happens() async throws {
            let holm = try await openInMemory([Todo.collection, TodoList.collection])
            let error = await failure {
                try await holm.write { tx in
                    tx.create(Todo(id: "a", title: "a"))
                    tx.update("nothing", in: TodoList.self, ["count": 1])
                }
            }
            #expect(error?.code == .notFound)
            #expect(try await holm.collection(Todo.self).count() == 0)
            #expect(try await holm.pendingWrites().isEmpty)
        }

        @Test func a_value_that_cannot_be_json_stops_the_transaction_before_it_begins() async throws {
            let holm = try await openInMemory()
            let error = await failure {
                try await holm.write { tx in
                    tx.create(Todo(id: "a", title: "a"))
                    tx.create(["n": .double(.nan)], id: "b", in: "todos")
                }
            }
            #expect(error?.code == .invalidDocument)
            #expect(try await holm.collection(Todo.self).count() == 0)
        }

        @Test func f14_a_group_is_all_or_nothing_on_the_server_too() async throws {
            try await withServer { server in
                let (device, other) = try await Device.pair(server)
                try await device.holm.write(group: true) { tx in
                    tx.create(TodoList(id: "l", name: "Home"))
                    tx.create(Todo(id: "bad", title: String(repeating: "x", count: 41)))
                }
                try await device.todos.create(Todo(id: "free", title: "not in the group"))
                let report = try await device.holm.sync()
                #expect(report.parked == 1)
                #expect(report.pushed == 1)
                try await other.holm.sync()
                #expect(try await other.lists.count() == 0)
                #expect(try await other.todos.query().map(\.id) == ["free"])

                // Giving up a part of a group gives up the group.
                try await #require(try await device.holm.parkedWrites().first).discard()
                try await device.holm.sync()
                try await other.holm.sync()
                #expect(try await device.holm.parkedWrites().isEmpty)
                #expect(try await device.lists.count() == 0)
                #expect(try await other.lists.count() == 0)
                #expect(try await other.todos.get("bad") == nil)
            }
        }
    }
}

import Foundation
import Holm
import Testing

extension HolmSuite {
    /// The same document, changed on two devices.
    @Suite struct Conflicts {
        /// Both devices have the document; then `a` and `b` edit it, `b` first reaches the server.
        private func quarrel(
            _ server: TestServer, _ strategy: Holm.ConflictStrategy,
            a editA: (HolmCollection<Todo>) async throws -> Void, b editB: (HolmCollection<Todo>) async throws -> Void
        ) async throws -> (Device, Device) {
            let (a, b) = try await Device.pair(server, conflict: strategy)
            try await a.todos.create(Todo(id: "t", title: "base", note: "note"))
            try await a.holm.sync()
            try await b.holm.sync()
            try await editA(a.todos)
            try await Self.laterByTheClock()
            try await editB(b.todos)
            try await b.holm.sync()
            return (a, b)
        }

        /// Lets real time pass: who is later is decided by clocks, which two devices know to some milliseconds only.
        private static func laterByTheClock() async throws {
            try await Task.sleep(nanoseconds: 150_000_000)
        }

        @Test func server_wins_takes_the_servers_and_keeps_a_note_of_the_other() async throws {
            try await withServer { server in
                let (a, _) = try await quarrel(server, .serverWins) {
                    try await $0.update("t", \.title, to: "from a")
                } b: {
                    try await $0.update("t", \.title, to: "from b")
                }
                let report = try await a.holm.sync()
                #expect(report.conflicts == 1)
                #expect(try await a.todos.get("t")?.title == "from b")
                #expect(try await a.todos.getStored("t")?.status == .synced)
                let entry = try #require(try await a.holm.journal().first)
                #expect(entry.reason == .serverKept)
                #expect(entry.documentID == "t")
                #expect(entry.collection == "todos")
                #expect(entry.lost["title"] == "from a")
                #expect(entry.kept?["title"] == "from b")
                #expect(abs(entry.at.timeIntervalSinceNow) < 60)
            }
        }

        @Test func local_wins_sends_what_was_changed_here() async throws {
            try await withServer { server in
                let (a, b) = try await quarrel(server, .localWins) {
                    try await $0.update("t", \.title, to: "from a")
                } b: {
                    try await $0.update("t") { todo in (todo.title, todo.priority) = ("from b", 4) }
                }
                try await a.holm.sync()
                try await b.holm.sync()
                for device in [a, b] {
                    let todo = try #require(try await device.todos.get("t"))
                    #expect(todo.title == "from a")
                    #expect(todo.priority == 4, "a field that was not touched here is the server's")
                }
                #expect(try await a.holm.journal().first?.reason == .localKept)
            }
        }

        @Test func last_write_wins_keeps_the_later_edit_in_any_order_of_syncs() async throws {
            try await withServer { server in
                let (a, b) = try await quarrel(server, .lastWriteWins) {
                    try await $0.update("t", \.title, to: "earlier")
                } b: {
                    try await $0.update("t", \.title, to: "later")
                }
                try await a.holm.sync()
                #expect(try await a.todos.get("t")?.title == "later")

                try await b.todos.update("t", \.title, to: "earlier again")
                try await Self.laterByTheClock()
                try await a.todos.update("t", \.title, to: "later again")
                try await b.holm.sync()
                try await a.holm.sync()
                try await b.holm.sync()
                #expect(try await a.todos.get("t")?.title == "later again")
                #expect(try await b.todos.get("t")?.title == "later again")
            }
        }

        @Test func merge_joins_field_by_field() async throws {
            try await withServer { server in
                let (a, b) = try await quarrel(server, .merge) {
                    try await $0.update("t") { todo in (todo.title, todo.priority) = ("earlier", 7) }
                } b: {
                    try await $0.update("t") { todo in (todo.title, todo.isCompleted) = ("later", true) }
                }
                try await a.holm.sync()
                try await b.holm.sync()
                for device in [a, b] {
                    let expected = Todo(id: "t", title: "later", isCompleted: true, priority: 7, note: "note")
                    #expect(try await device.todos.get("t") == expected)
                }
            }
        }

        @Test(arguments: [
            Decision(name: "keepLocal", resolution: .keepLocal, title: "from a", note: nil),
            Decision(name: "keepServer", resolution: .keepServer, title: "from b", note: "note"),
            Decision(name: "merge", resolution: .merge, title: "from b", note: nil),
            Decision(
                name: "document", resolution: .document(Todo(id: "t", title: "both", note: "new")), title: "both",
                note: "new"),
        ])
        func prompt_asks_a_person_and_does_what_is_decided(decision: Decision) async throws {
            try await withServer { server in
                let (a, b) = try await quarrel(server, .prompt) {
                    try await $0.update("t") { todo in (todo.title, todo.note) = ("from a", nil) }
                } b: {
                    try await $0.update("t", \.title, to: "from b")
                }
                try await a.holm.sync()
                try await a.restart()
                #expect(try await a.holm.status().conflicts == 1)
                #expect(try await a.todos.getStored("t")?.status == .conflict)
                let shown = try #require(try await a.todos.get("t"))
                #expect(shown.title == "from a")
                #expect(try await a.holm.pendingWrites().map(\.state) == [.conflict])

                let conflict = try #require(try await a.holm.conflicts().first)
                #expect(conflict.collection == "todos" && conflict.documentID == "t")
                #expect(try conflict.base?.decode(Todo.self).title == "base")
                #expect(try conflict.local?.decode(Todo.self) == shown)
                #expect(try conflict.server?.json()["title"] == "from b")
                #expect(try conflict.server?.json()["id"] == "t")
                #expect(conflict.serverVersion == 2)
                #expect(abs(conflict.detectedAt.timeIntervalSinceNow) < 60)

                try await conflict.resolve(decision.resolution)
                #expect(try await a.holm.conflicts().isEmpty)
                try await a.holm.sync()
                try await b.holm.sync()
                for device in [a, b] {
                    let todo = try #require(try await device.todos.getStored("t"))
                    #expect(todo.value.title == decision.title)
                    #expect(todo.value.note == decision.note)
                    #expect(todo.status == .synced)
                }
                #expect(await failure { try await conflict.resolve(.keepLocal) }?.code == .notFound)
            }
        }

        struct Decision: Sendable, CustomTestStringConvertible {
            let name: String
            let resolution: Holm.Resolution
            let title: String
            let note: String?
            var testDescription: String { name }
        }

        @Test func f29_delete_against_edit_is_told_apart() async throws {
            try await withServer { server in
                let (a, b) = try await quarrel(server, .prompt) {
                    try await $0.delete("t")
                } b: {
                    try await $0.update("t", \.title, to: "from b")
                }
                try await a.holm.sync()
                let conflict = try #require(try await a.holm.conflicts().first)
                #expect(conflict.local == nil)
                #expect(try conflict.server?.decode(Todo.self).title == "from b")
                try await conflict.resolve(.keepServer)
                try await a.holm.sync()
                try await b.holm.sync()
                #expect(try await a.todos.get("t")?.title == "from b")
                #expect(try await b.todos.get("t")?.title == "from b")
            }
        }
    }
}

import Foundation
import Holm
import Testing

extension HolmSuite {
    /// Ten thousand calls of each kind, and nothing of them stays behind.
    @Suite(.enabled(if: Resources.areKnown, "reads Linux's own accounts"))
    struct Leaks {
        private static let calls = 10_000
        /// A leak of 400 bytes a call would show.
        private static let bound = 4_000_000

        private let scratch: Scratch
        private let holm: Holm
        private var todos: HolmCollection<Todo> { holm.collection(Todo.self) }

        init() async throws {
            scratch = try Scratch()
            let storage = HolmConfiguration.Storage.directory(scratch.url)
            holm = try await Holm.open(.init(storage: storage, collections: [Todo.collection], durability: .normal))
            try await todos.create(contentsOf: (0..<20).map { Todo(id: "t\($0)", title: "Title", tags: ["a", "b"]) })
        }

        /// Calls until caches and allocators are warm, then ten thousand times, and looks at the growth.
        private func grows(
            calls: Int = Self.calls, sourceLocation: SourceLocation = #_sourceLocation,
            _ call: (Int) async throws -> Void
        ) async throws {
            for number in 0..<calls / 5 { try await call(number) }
            let before = try Resources.residentMemory()
            let threads = Resources.threads()
            for number in 0..<calls { try await call(calls + number) }
            let growth = try Resources.residentMemory() - before
            #expect(growth < Self.bound, "grew by \(growth) bytes", sourceLocation: sourceLocation)
            #expect(Resources.threads() <= threads + 4, sourceLocation: sourceLocation)
        }

        @Test func get() async throws {
            try await grows { _ = try await todos.get("t\($0 % 20)") }
        }

        @Test func query() async throws {
            try await grows { _ in _ = try await todos.query(where: .eq("isCompleted", false), orderBy: .asc("title")) }
        }

        @Test func count_and_page() async throws {
            try await grows { _ in _ = (try await todos.count(), try await todos.page(limit: 5)) }
        }

        @Test func create_and_delete() async throws {
            try await grows { number in
                try await todos.create(Todo(id: "n\(number)", title: "short of life"))
                try await todos.delete("n\(number)")
            }
        }

        @Test func update() async throws {
            try await grows { try await todos.update("t1", ["priority": .set($0), "tags": .addToSet(["c"])]) }
        }

        @Test func update_in_place() async throws {
            try await grows { number in try await todos.update("t2") { $0.priority = number } }
        }

        @Test func replace() async throws {
            try await grows { try await todos.replace(Todo(id: "t3", title: "Title", priority: $0)) }
        }

        @Test func transactions() async throws {
            try await grows { number in
                try await holm.write { tx in
                    tx.update("t4", in: Todo.self, ["priority": .set(number)])
                    tx.update("t5", in: Todo.self, ["priority": .set(number)])
                }
            }
        }

        @Test func statuses_and_lists() async throws {
            try await grows { _ in
                _ = try await holm.status()
                _ = (try await holm.pendingWrites(limit: 2), try await holm.parkedWrites(), try await holm.conflicts())
                _ = (try await holm.journal(), try holm.stats())
            }
        }

        @Test func errors() async throws {
            try await grows { _ in
                let error = await failure { try await todos.update("not there", ["title": "x"]) }
                #expect(error?.code == .notFound)
            }
        }

        @Test func live_queries_that_are_left() async throws {
            try await grows { _ in
                for try await snapshot in todos.live(where: .eq("id", "t6")) {
                    #expect(snapshot.documents.count == 1)
                    break
                }
            }
        }

        @Test func live_queries_that_are_cancelled_while_they_wait() async throws {
            let live = todos.live(where: .eq("id", "t7"))
            try await grows { _ in
                let task = Task {
                    for try await _ in live { withUnsafeCurrentTask { $0?.cancel() } }
                }
                try await task.value
            }
        }

        @Test func live_queries_that_are_never_read() async throws {
            try await grows { _ in _ = todos.live().makeAsyncIterator() }
        }

        @Test func statuses_that_are_left() async throws {
            try await grows { _ in for try await _ in holm.statuses { break } }
        }

        @Test func cancelled_waits() async throws {
            let receipt = try await todos.update("t8", ["title": "never sent"])
            try await grows { _ in
                let task = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return await failure { try await holm.confirmed(receipt) }
                }
                #expect(await task.value?.code == .cancelled)
            }
        }

        @Test func syncs() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                try await grows(calls: 1_000) { number in
                    if number % 10 == 0 { try await device.todos.create(Todo(title: "\(number)")) }
                    try await device.holm.sync()
                }
                device.holm.setNetwork(.offline)
                try await grows { _ in
                    #expect(await failure { try await device.holm.sync() }?.code == .offline)
                }
            }
        }

        @Test func clients() async throws {
            let files = scratch.url.appendingPathComponent("other")
            try await grows(calls: 500) { number in
                let other = try await Holm.open(.init(storage: .directory(files), collections: [Todo.collection]))
                try await other.collection(Todo.self).create(Todo(title: "\(number)"))
                try await other.close()
            }
            #expect(Resources.openFiles(under: files) == 0)
        }
    }
}

import Foundation
import Holm
import Testing

extension HolmSuite {
    /// Results that keep up with changes.
    @Suite struct LiveQueries {
        private let holm: Holm
        private var todos: HolmCollection<Todo> { holm.collection(Todo.self) }

        init() async throws {
            holm = try await openInMemory()
        }

        @Test func the_first_snapshot_is_the_result_and_the_next_ones_say_what_changed() async throws {
            try await todos.create(contentsOf: ["a", "b", "c"].map { Todo(id: $0, title: $0) })
            var live = todos.live(orderBy: .asc("title")).makeAsyncIterator()

            let first = try #require(try await live.next())
            #expect(first.values.map(\.id) == ["a", "b", "c"])
            #expect(first.inserted == ["a", "b", "c"])
            #expect(first.updated.isEmpty && first.removed.isEmpty && first.moved.isEmpty)
            #expect(first.documents.map(\.status) == [.pendingCreate, .pendingCreate, .pendingCreate])

            try await todos.create(Todo(id: "bb", title: "bb"))
            let second = try #require(try await live.next())
            #expect(second.values.map(\.id) == ["a", "b", "bb", "c"])
            #expect(second.inserted == ["bb"])
            #expect(second.updated.isEmpty && second.removed.isEmpty && second.moved.isEmpty)

            try await todos.update("b") { $0.priority = 3 }
            let third = try #require(try await live.next())
            #expect(third.updated == ["b"])
            #expect(third.inserted.isEmpty && third.removed.isEmpty && third.moved.isEmpty)

            try await todos.update("a", \.title, to: "z")
            let fourth = try #require(try await live.next())
            #expect(fourth.values.map(\.id) == ["b", "bb", "c", "a"])
            #expect(fourth.moved == ["a"])
            #expect(fourth.updated == ["a"])

            try await todos.delete("bb")
            let fifth = try #require(try await live.next())
            #expect(fifth.values.map(\.id) == ["b", "c", "a"])
            #expect(fifth.removed == ["bb"])
        }

        @Test func a_slow_reader_gets_the_latest_state_and_none_in_between() async throws {
            try await todos.create(Todo(id: "a", title: "a"))
            var live = todos.live().makeAsyncIterator()
            #expect(try await live.next()?.values.map(\.priority) == [0])
            for priority in 1...100 { try await todos.update("a", \.priority, to: priority) }
            #expect(try await live.next()?.values.map(\.priority) == [100])
            try await todos.update("a", \.priority, to: 101)
            #expect(try await live.next()?.values.map(\.priority) == [101])
        }

        @Test func what_cannot_touch_the_result_is_not_told() async throws {
            var live = todos.live(where: .eq("isCompleted", true)).makeAsyncIterator()
            #expect(try await live.next()?.documents.isEmpty == true)
            try await todos.create(Todo(id: "open", title: "open"))
            try await todos.create(Todo(id: "done", title: "done", isCompleted: true))
            let next = try #require(try await live.next())
            #expect(next.inserted == ["done"])
            #expect(next.values.map(\.id) == ["done"])
        }

        @Test func each_loop_is_a_watch_of_its_own() async throws {
            let live = todos.live()
            var early = live.makeAsyncIterator()
            #expect(try await early.next()?.documents.isEmpty == true)
            try await todos.create(Todo(id: "a", title: "a"))
            var late = live.makeAsyncIterator()
            #expect(try await late.next()?.inserted == ["a"])
            #expect(try await early.next()?.inserted == ["a"])
        }

        @Test func differences_lead_from_one_snapshot_to_the_next() async throws {
            var live = todos.live(orderBy: .asc("priority")).makeAsyncIterator()
            var shown = try #require(try await live.next()).values.map(\.id)
            for _ in 0..<60 {
                for id in shown.shuffled().prefix(2) { try await todos.update(id, \.priority, to: .random(in: 0..<50)) }
                if let id = shown.randomElement() { try await todos.delete(id) }
                for _ in 0..<2 { try await todos.create(Todo(title: "", priority: .random(in: 0..<50))) }
                let snapshot = try #require(try await live.next())
                let now = snapshot.values.map(\.id)
                let leaving = Set(snapshot.removed + snapshot.moved)
                let coming = Set(snapshot.inserted + snapshot.moved)
                #expect(shown.filter { !leaving.contains($0) } == now.filter { !coming.contains($0) })
                #expect(Set(snapshot.inserted).isDisjoint(with: shown))
                shown = now
            }
        }

        @Test func an_untyped_live_query_gives_json() async throws {
            let raw = holm.collection(named: "todos")
            var live = raw.live(Holm.Query(limit: 1)).makeAsyncIterator()
            #expect(try await live.next()?.documents.isEmpty == true)
            try await raw.create(["n": 1], id: "a")
            #expect(try await live.next()?.documents.first?.value == ["id": "a", "n": 1])
        }

        @Test func f61_cancelling_the_task_ends_the_loop_without_an_error() async throws {
            let (shown, show) = AsyncStream.makeStream(of: Int.self)
            let task = Task { [todos] in
                for try await snapshot in todos.live() { show.yield(snapshot.documents.count) }
                return "ended"
            }
            var counts = shown.makeAsyncIterator()
            #expect(await counts.next() == 0)
            try await todos.create(Todo(title: "a"))
            #expect(await counts.next() == 1)
            task.cancel()
            #expect(try await task.value == "ended")
        }

        @Test func f61_a_cancelled_task_gets_no_snapshot_at_all() async throws {
            let task = Task { [todos] in
                withUnsafeCurrentTask { $0?.cancel() }
                var live = todos.live().makeAsyncIterator()
                return [try await live.next() == nil, try await live.next() == nil]
            }
            #expect(try await task.value == [true, true])
        }

        @Test func f61_cancelling_one_loop_leaves_the_others_alone() async throws {
            let (shown, show) = AsyncStream.makeStream(of: Int.self)
            let doomed = Task { [todos] in
                for try await snapshot in todos.live() { show.yield(snapshot.documents.count) }
            }
            var other = todos.live().makeAsyncIterator()
            #expect(try await other.next()?.documents.isEmpty == true)
            var counts = shown.makeAsyncIterator()
            #expect(await counts.next() == 0)
            doomed.cancel()
            try await doomed.value
            try await todos.create(Todo(id: "a", title: "a"))
            #expect(try await other.next()?.inserted == ["a"])
        }

        @Test func closing_the_client_ends_every_loop() async throws {
            let (shown, show) = AsyncStream.makeStream(of: Void.self)
            let loops = (0..<5).map { _ in
                Task { [todos] in
                    for try await _ in todos.live() { show.yield() }
                    return "ended"
                }
            }
            var firsts = shown.makeAsyncIterator()
            for _ in loops { await firsts.next() }
            try await holm.close()
            for loop in loops { #expect(try await loop.value == "ended") }
        }

        @Test func a_wrong_query_is_told_at_the_first_element_and_ends_the_loop() async throws {
            var live = todos.live(orderBy: .asc("..")).makeAsyncIterator()
            #expect(await failure { try await live.next() }?.code == .invalidName)
            #expect(try await live.next() == nil)
        }

        @Test func a_document_that_does_not_fit_the_type_is_named_and_ends_the_loop() async throws {
            var live = todos.live().makeAsyncIterator()
            #expect(try await live.next()?.documents.isEmpty == true)
            try await holm.collection(named: "todos").create(["title": 5], id: "odd")
            let error = await failure { try await live.next() }
            #expect(error?.code == .invalidDocument)
            #expect(error?.message.contains("odd") == true)
            #expect(try await live.next() == nil)
        }

        @Test @MainActor func a_loop_of_the_main_actor_changes_its_state() async throws {
            try await todos.create(Todo(id: "a", title: "a"))
            let screen = Screen(todos)
            let task = Task { try await screen.run() }
            await Resources.eventually { screen.list.map(\.id) == ["a"] }
            try await screen.add("b")
            await Resources.eventually { screen.list.map(\.id) == ["a", "b"] }
            task.cancel()
            try await task.value
        }

        @MainActor private final class Screen {
            private let todos: HolmCollection<Todo>
            private(set) var list: [Todo] = []
            private var draft = Todo(id: "draft", title: "draft")

            init(_ todos: HolmCollection<Todo>) {
                self.todos = todos
            }

            func run() async throws {
                for try await snapshot in todos.live(orderBy: .asc("id")) { list = snapshot.values }
            }

            func add(_ id: String) async throws {
                draft.id = id
                try await todos.create(draft)
                try await todos.update(id) { $0.title = self.draft.title + "!" }
            }
        }
    }
}

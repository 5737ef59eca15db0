import Foundation
import Holm
import Observation
import Testing

extension HolmSuite {
    /// A list as a view shows it: everything here happens on the main actor.
    @Suite @MainActor struct ListModels {
        private let holm: Holm
        private var todos: HolmCollection<Todo> { holm.collection(Todo.self) }

        init() async throws {
            holm = try await openInMemory()
        }

        @Test func a_list_is_empty_but_not_loaded_before_it_runs() async throws {
            try await todos.create(Todo(title: "a"))
            let list = HolmListModel(todos.live())
            #expect(list.documents.isEmpty && !list.isLoaded && list.error == nil)
        }

        @Test func a_list_follows_its_query_while_its_task_runs() async throws {
            let list = HolmListModel(todos.live(where: .eq("isCompleted", false), orderBy: .asc("title")))
            let task = Task { await list.run() }
            await Resources.eventually { list.isLoaded }
            #expect(list.documents.isEmpty)
            let milk = Todo(title: "milk")
            try await todos.create(contentsOf: [milk, Todo(title: "bread")])
            await Resources.eventually { list.values.map(\.title) == ["bread", "milk"] }
            #expect(list.documents.map(\.status) == [.pendingCreate, .pendingCreate])
            try await todos.update(milk.id, \.isCompleted, to: true)
            await Resources.eventually { list.values.map(\.title) == ["bread"] }

            task.cancel()
            await task.value
            try await todos.delete(list.documents[0].id)
            #expect(list.values.map(\.title) == ["bread"], "what was shown last stays")
            #expect(list.error == nil, "a cancelled task is no failure")
        }

        @Test func a_view_is_told_of_a_change() async throws {
            let list = HolmListModel(todos.live())
            let (changes, change) = AsyncStream.makeStream(of: Void.self)
            withObservationTracking {
                _ = list.documents
            } onChange: {
                change.yield()
            }
            let task = Task { await list.run() }
            var told = changes.makeAsyncIterator()
            await told.next()
            task.cancel()
        }

        @Test func a_filter_that_changes_takes_over() async throws {
            try await todos.create(contentsOf: [Todo(title: "open"), Todo(title: "done", isCompleted: true)])
            let list = HolmListModel(todos.live(where: .eq("isCompleted", false)))
            let first = Task { await list.run() }
            await Resources.eventually { list.values.map(\.title) == ["open"] }
            let second = Task { await list.run(todos.live(where: .eq("isCompleted", true))) }
            await Resources.eventually { list.isLoaded && list.values.map(\.title) == ["done"] }

            // The first has not been cancelled: it finds that its turn is over, and ends.
            try await todos.create(Todo(title: "also open"))
            await first.value
            #expect(list.values.map(\.title) == ["done"])
            second.cancel()
        }

        @Test func a_query_that_fails_is_told_and_can_be_tried_again() async throws {
            let list = HolmListModel(todos.live(orderBy: .asc("a..b")))
            await list.run()
            #expect(list.error?.code == .invalidName)
            #expect(!list.isLoaded)
            let task = Task { await list.run(todos.live()) }
            await Resources.eventually { list.isLoaded }
            #expect(list.error == nil)
            task.cancel()
        }

        @Test func a_list_ends_with_its_client() async throws {
            let list = HolmListModel(todos.live())
            let task = Task { await list.run() }
            await Resources.eventually { list.isLoaded }
            try await holm.close()
            await task.value
            #expect(list.error == nil)
        }

        @Test func a_list_that_no_view_shows_is_freed() async throws {
            var list: HolmListModel<Todo>? = HolmListModel(todos.live())
            weak var held = list
            let task = Task { [list] in await list?.run() }
            await Resources.eventually { list?.isLoaded == true }
            task.cancel()
            await task.value
            list = nil
            await Resources.eventually { held == nil }
        }
    }
}

import Foundation
import Holm
import Testing

extension HolmSuite {
    /// Filters, orders, windows and pages.
    @Suite struct Queries {
        private let todos: HolmCollection<Todo>

        init() async throws {
            todos = try await openInMemory().collection(Todo.self)
            try await todos.create(contentsOf: [
                Todo(id: "a", title: "Apples", priority: 1, tags: ["shop", "fruit"]),
                Todo(id: "b", title: "Bread", isCompleted: true, priority: 3, tags: ["shop"], note: "rye"),
                Todo(id: "c", title: "Call Zoë", priority: 2, createdAt: Date(timeIntervalSince1970: 1_900_000_000)),
                Todo(id: "d", title: "apply", isCompleted: true, priority: 2, note: "form"),
            ])
        }

        private func ids(_ filter: Holm.Filter) async throws -> [String] {
            try await todos.query(where: filter).map(\.id)
        }

        @Test func every_condition_lets_through_what_it_says() async throws {
            #expect(try await ids(.eq("isCompleted", true)) == ["b", "d"])
            #expect(try await ids(.ne("isCompleted", true)) == ["a", "c"])
            #expect(try await ids(.lt("priority", 2)) == ["a"])
            #expect(try await ids(.lte("priority", 2)) == ["a", "c", "d"])
            #expect(try await ids(.gt("priority", 2)) == ["b"])
            #expect(try await ids(.gte("priority", 2.5)) == ["b"])
            #expect(try await ids(.in("id", ["a", "d", "x"])) == ["a", "d"])
            #expect(try await ids(.contains("tags", "fruit")) == ["a"])
            #expect(try await ids(.contains("title", "Zoë")) == ["c"])
            #expect(try await ids(.isNull("note")) == ["a", "c"])
            #expect(try await ids(.prefix("title", "App")) == ["a"])
            #expect(try await ids(.eq("note", String?.none)) == ["a", "c"])
            #expect(try await ids(.all([])) == ["a", "b", "c", "d"])
            #expect(try await ids(.any([])) == [])
        }

        @Test func conditions_combine() async throws {
            #expect(try await ids(.eq("isCompleted", true) && .eq("priority", 2)) == ["d"])
            #expect(try await ids(.eq("priority", 1) || .eq("priority", 3)) == ["a", "b"])
            #expect(try await ids(!.eq("isCompleted", true) && !.contains("tags", "shop")) == ["c"])
        }

        @Test func a_condition_may_be_json() async throws {
            let json: Holm.JSON = ["and": [["eq": ["isCompleted", true]], ["not": ["in": ["id", ["b"]]]]]]
            #expect(try await ids(.json(json)) == ["d"])
            #expect(try await ids(.json(json) || .eq("id", "a")) == ["a", "d"])
            #expect(await failure { try await ids(.json(["eq": ["isCompleted"]])) }?.code == .invalidQuery)
            #expect(await failure { try await ids(.json(["is": ["isCompleted", true]])) }?.code == .invalidQuery)
            #expect(await failure { try await ids(.json("isCompleted")) }?.code == .invalidQuery)
        }

        @Test func a_long_chain_of_one_operator_is_not_nested() async throws {
            var filter: Holm.Filter = .eq("id", "a")
            for index in 0..<100 { filter = filter || .eq("id", "x\(index)") }
            #expect(try await ids(filter) == ["a"])
            var narrow: Holm.Filter = .eq("priority", 2)
            for index in 0..<100 { narrow = narrow && .ne("id", "x\(index)") }
            #expect(try await ids(narrow) == ["c", "d"])
        }

        @Test func dates_compare_as_moments() async throws {
            let between = Date(timeIntervalSince1970: 1_850_000_000)
            #expect(try await ids(.gt("createdAt", between)) == ["c"])
            #expect(try await ids(.lt("createdAt", between)) == ["a", "b", "d"])
            #expect(try await ids(.eq("createdAt", Date(timeIntervalSince1970: 1_900_000_000))) == ["c"])
        }

        @Test func orders_nest_and_windows_cut() async throws {
            let order: Holm.Order = [.desc("priority"), .asc("title")]
            #expect(try await todos.query(orderBy: order).map(\.id) == ["b", "c", "d", "a"])
            #expect(try await todos.query(orderBy: order, limit: 2).map(\.id) == ["b", "c"])
            #expect(try await todos.query(orderBy: order, limit: 2, offset: 1).map(\.id) == ["c", "d"])
            #expect(try await todos.query(orderBy: .desc("title")).map(\.id) == ["d", "c", "b", "a"])
        }

        @Test func counting_does_not_look_at_the_window() async throws {
            #expect(try await todos.count() == 4)
            #expect(try await todos.count(where: .eq("isCompleted", true)) == 2)
            #expect(try await todos.count(Holm.Query(limit: 1)) == 4)
        }

        @Test func results_come_with_their_status() async throws {
            let stored = try await todos.queryStored(where: .eq("id", "a"))
            #expect(stored.map(\.id) == ["a"])
            #expect(stored.map(\.value.title) == ["Apples"])
            #expect(stored.map(\.status) == [.pendingCreate])
        }

        @Test func deleted_documents_show_when_asked_for() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                try await device.todos.create(Todo(id: "a", title: "Apples"))
                try await device.holm.sync()
                try await device.todos.delete("a")
                #expect(try await device.todos.count() == 0)
                let all = try await device.todos.queryStored(Holm.Query(includesDeleted: true))
                #expect(all.map(\.status) == [.pendingDelete])
                #expect(all.map(\.version) == [1])
            }
        }

        @Test func a_wrong_query_says_what_is_wrong() async throws {
            let negative = await failure { try await todos.query(limit: -1) }
            #expect(negative?.code == .invalidQuery)
            #expect(negative?.message.contains("limit") == true)
            #expect(await failure { try await todos.query(orderBy: .asc("a..b")) }?.code == .invalidName)
            #expect(await failure { try await todos.query(where: .eq("tags", ["shop"])) }?.code == .invalidQuery)
            #expect(await failure { try await todos.count(where: .lt("note", Holm.JSON.null)) }?.code == .invalidQuery)
            let noNumber = await failure { try await todos.count(where: .eq("priority", Double.nan)) }
            #expect(noNumber?.code == .invalidDocument)
        }
    }
}

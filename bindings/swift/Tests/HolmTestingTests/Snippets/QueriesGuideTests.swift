import Holm
import HolmTesting
import Testing

// The code of docs/guides/queries.md: what stands between the marks is there word for word.

@Suite struct QueriesGuide {
    struct Todo: HolmDocument {
        static let collection = Holm.CollectionDescriptor("todos", indexes: [["isCompleted", "priority"]])
        var id = Holm.newID()
        var title: String
        var isCompleted = false
        var priority = 0
        var project = "home"
        var tags: [String] = []
    }

    private func filled() async throws -> HolmCollection<Todo> {
        let holm = try await Holm.open(.init(storage: .inMemory, collections: [Todo.collection]))
        let todos = holm.collection(Todo.self)
        for index in 0..<5 {
            try await todos.create(
                Todo(
                    id: "\(index)", title: "t\(index)", isCompleted: index == 0, priority: index,
                    project: index < 3 ? "home" : "work", tags: index == 1 ? ["urgent"] : []))
        }
        return todos
    }

    @Test func a_filter_an_order_and_a_limit() async throws {
        let todos = try await filled()
        // snippet: begin
        let open = Holm.Query(
            where: .eq("isCompleted", false) && (.gte("priority", 3) || .contains("tags", "urgent")),
            orderBy: [.desc("priority"), .asc("title")], limit: 50)
        let found = try await todos.query(open)
        let count = try await todos.count(where: .prefix("title", "t"))
        // snippet: end
        #expect(found.map(\.id) == ["4", "3", "1"])
        #expect(count == 5)
    }

    @Test func pages_in_order() async throws {
        let todos = try await filled()
        var shown: [String] = []
        let show = { (documents: [Todo]) in shown += documents.map(\.id) }
        // snippet: begin
        var mark: Holm.PageMark?
        repeat {
            let page = try await todos.page(orderBy: .desc("priority"), limit: 2, after: mark)
            show(page.values)
            mark = page.next
        } while mark != nil
        // snippet: end
        #expect(shown == ["4", "3", "2", "1", "0"])
    }

    @Test func figures_by_group() async throws {
        let todos = try await filled()
        var shown: [[Holm.JSON?]] = []
        let show = { (project: Holm.JSON?, count: Holm.JSON, sum: Holm.JSON) in shown.append([project, count, sum]) }
        // snippet: begin
        let rows = try await todos.aggregate(
            [.count, .sum("priority")], where: .eq("isCompleted", false), by: "project")
        for row in rows { show(row.by, row.values[0], row.values[1]) }
        // snippet: end
        #expect(shown == [["home", 2, 3], ["work", 2, 7]])
    }

    @Test func live_figures() async throws {
        let todos = try await filled()
        let (badges, tell) = AsyncStream.makeStream(of: Int64?.self)
        let showBadge: @Sendable (Int64?) -> Void = { tell.yield($0) }
        let watching = Task {
            // snippet: begin
            for try await rows in todos.liveAggregate([.count], where: .eq("isCompleted", false)) {
                showBadge(rows[0].values[0].int)
            }
            // snippet: end
        }
        var badge = badges.makeAsyncIterator()
        #expect(await badge.next() == 4)
        try await todos.delete("4")
        #expect(await badge.next() == 3)
        watching.cancel()
    }

    @Test func a_live_document_and_a_live_window() async throws {
        let todos = try await filled()
        let (titles, tell) = AsyncStream.makeStream(of: String.self)
        let show: @Sendable (Todo?) -> Void = { tell.yield($0?.title ?? "gone") }
        let id = "3"
        let watching = Task {
            // snippet: begin
            for try await todo in todos.live(id: id) {
                show(todo?.value)  // nil: not there
            }
            // snippet: end
        }
        var title = titles.makeAsyncIterator()
        #expect(await title.next() == "t3")
        watching.cancel()

        let (rows, give) = AsyncStream.makeStream(of: [String].self)
        let showRows: @Sendable ([Todo], Int, Int) -> Void = { documents, above, below in
            give.yield(["\(above)"] + documents.map(\.id) + ["\(below)"])
        }
        // snippet: begin
        let window = todos.liveWindow(orderBy: .asc("priority"), size: 2)
        let scrolling = Task {
            for try await shown in window {
                showRows(shown.snapshot.values, shown.before, shown.after)
            }
        }
        // snippet: end
        var row = rows.makeAsyncIterator()
        #expect(await row.next() == ["0", "0", "1", "3"])
        // snippet: begin
        window.move(to: 1)  // one document before it
        window.move(toDocument: id)  // begins with this one, and follows it
        // snippet: end
        var last = await row.next()
        if last == ["1", "1", "2", "2"] { last = await row.next() }
        #expect(last == ["3", "3", "4", "0"])
        scrolling.cancel()
    }
}

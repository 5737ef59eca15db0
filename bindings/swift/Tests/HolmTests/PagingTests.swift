import Holm
import Testing

extension HolmSuite {
    /// Reading a long list piece by piece.
    @Suite struct Paging {
        private let todos: HolmCollection<Todo>

        init() async throws {
            todos = try await openInMemory().collection(Todo.self)
        }

        private func make(_ numbers: Range<Int>) async throws {
            try await todos.create(contentsOf: numbers.map { Todo(id: "t\(1_000 + $0)", title: "", priority: $0 % 7) })
        }

        /// Reads to the end, doing something between the pages.
        private func readAll(
            _ query: Holm.Query, between: (Int) async throws -> Void = { _ in }
        ) async throws -> (pages: [Int], ids: [String]) {
            var (pages, ids) = ([Int](), [String]())
            var mark: Holm.PageMark?
            repeat {
                let page = try await todos.page(query, after: mark)
                pages.append(page.documents.count)
                ids += page.values.map(\.id)
                mark = page.next
                try await between(pages.count)
            } while mark != nil
            return (pages, ids)
        }

        @Test(arguments: [1, 7, 50, 99, 100, 101, 1_000])
        func pages_of_any_size_give_the_whole_list_in_order(size: Int) async throws {
            try await make(0..<100)
            let query = Holm.Query(orderBy: [.desc("priority"), .asc("title")], limit: size)
            let (pages, ids) = try await readAll(query)
            #expect(pages.dropLast().allSatisfy { $0 == size })
            let whole = try await todos.query(orderBy: query.order).map(\.id)
            #expect(ids == whole)
            #expect(Set(ids).count == 100)
        }

        @Test func a_page_without_a_limit_has_fifty() async throws {
            try await make(0..<120)
            #expect(try await readAll(Holm.Query()).pages == [50, 50, 20])
        }

        @Test func f19_rows_that_come_and_go_between_pages_shift_nothing() async throws {
            try await make(0..<60)
            let query = Holm.Query(orderBy: .asc("id"), limit: 10)
            let (_, ids) = try await readAll(query) { page in
                // One that was read goes, one comes before the mark, one comes behind it.
                try await todos.delete("t\(1_000 + page)")
                try await todos.create(Todo(id: "a\(page)", title: ""))
                try await todos.create(Todo(id: "z\(page)", title: ""))
            }
            let stayed = (0..<60).map { "t\(1_000 + $0)" }
            #expect(ids.filter { $0.hasPrefix("t") } == stayed)
            #expect(ids.filter { $0.hasPrefix("z") } == (1...6).map { "z\($0)" })
            #expect(Set(ids).count == ids.count)
        }

        @Test func a_mark_is_text_that_can_be_kept() async throws {
            try await make(0..<20)
            let first = try await todos.page(orderBy: .asc("id"), limit: 10)
            let kept = try #require(first.next).rawValue
            let second = try await todos.page(orderBy: .asc("id"), limit: 10, after: Holm.PageMark(rawValue: kept))
            #expect(second.values.map(\.id) == (10..<20).map { "t\(1_000 + $0)" })
            #expect(second.next == nil)
        }

        @Test func a_mark_of_another_query_is_refused() async throws {
            try await make(0..<20)
            let mark = try await todos.page(limit: 10).next
            let error = await failure { try await todos.page(orderBy: .asc("title"), limit: 10, after: mark) }
            #expect(error?.code == .invalidQuery)
            #expect(await failure { try await todos.page(Holm.Query(offset: 3)) }?.code == .invalidQuery)
        }
    }
}

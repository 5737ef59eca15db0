import Foundation
import Holm
import Testing

extension HolmSuite {
    /// Figures, single documents and windows, once and live.
    @Suite struct LiveKinds {
        private let holm: Holm
        private var todos: HolmCollection<Todo> { holm.collection(Todo.self) }

        init() async throws {
            holm = try await openInMemory()
        }

        private func fill(_ count: Int) async throws {
            try await todos.create(
                contentsOf: (0..<count).map {
                    Todo(
                        id: "\($0)", title: "t\($0)", isCompleted: $0 % 2 == 0, priority: $0,
                        createdAt: Date(timeIntervalSince1970: Double($0)))
                })
        }

        @Test func figures_are_computed_whole_and_by_group() async throws {
            try await fill(4)
            let figures: [Holm.Aggregate] = [
                .count, .sum("priority"), .min("priority"), .max("title"), .avg("priority"),
            ]
            let all = try await todos.aggregate(figures)
            #expect(all.count == 1)
            #expect(all.first?.by == nil)
            let values = try #require(all.first?.values)
            #expect(values[0].int == 4 && values[1].int == 6 && values[2].int == 0)
            #expect(values[3].string == "t3" && values[4].double == 1.5)

            let groups = try await todos.aggregate([.count, .sum("priority")], by: "isCompleted")
            #expect(groups.map(\.by) == [false, true])
            #expect(groups.map { $0.values.map(\.int) } == [[2, 4], [2, 2]])

            let done = try await holm.collection(named: "todos").aggregate([.count], where: .gt("priority", 1))
            #expect(done.first?.values == [2])
        }

        @Test func figures_of_nothing_or_of_no_field_are_refused() async throws {
            #expect(await failure { try await todos.aggregate([]) }?.code == .invalidQuery)
            let many = Array(repeating: Holm.Aggregate.count, count: 17)
            #expect(await failure { try await todos.aggregate(many) }?.code == .invalidQuery)
            #expect(await failure { try await todos.aggregate([.sum("")]) }?.code == .invalidName)
            var live = todos.liveAggregate([]).makeAsyncIterator()
            #expect(await failure { try await live.next() }?.code == .invalidQuery)
            #expect(try await todos.aggregate([.sum("priority"), .avg("priority")]).first?.values == [0, .null])
        }

        @Test func live_figures_come_again_when_they_change() async throws {
            try await fill(2)
            var live = todos.liveAggregate([.count, .sum("priority")]).makeAsyncIterator()
            #expect(try await live.next()?.first?.values == [2, 1])
            try await todos.update("0", \.title, to: "no figure")
            try await todos.update("1", \.priority, to: 5)
            #expect(try await live.next()?.first?.values == [2, 5])
            try await todos.delete("0")
            #expect(try await live.next()?.first?.values == [1, 5])
            try await holm.close()
            #expect(try await live.next() == nil)
        }

        @Test func a_live_document_is_told_before_it_is_there_and_after() async throws {
            var live = todos.live(id: "a").makeAsyncIterator()
            #expect(try await live.next() == .some(.none))
            try await todos.create(Todo(id: "a", title: "x"))
            let made = try await live.next()
            #expect(made??.value.title == "x")
            #expect(made??.status == .pendingCreate)
            try await todos.create(Todo(id: "b", title: "another"))
            try await todos.update("a", \.title, to: "y")
            let changed = try await live.next()
            #expect(changed??.value.title == "y")
            try await todos.delete("a")
            #expect(try await live.next() == .some(.none))
            try await holm.close()
            let end = try await live.next()
            #expect(end == nil)
        }

        @Test func a_live_document_of_no_id_is_refused() async throws {
            var live = todos.live(id: "a\nb").makeAsyncIterator()
            #expect(await failure { try await live.next() }?.code == .invalidName)
        }

        @Test func a_window_shows_a_part_and_follows_a_document() async throws {
            try await fill(10)
            let window = todos.liveWindow(orderBy: .asc("createdAt"), size: 3)
            var shown = window.makeAsyncIterator()
            let first = try #require(try await shown.next())
            #expect(first.snapshot.values.map(\.id) == ["0", "1", "2"])
            #expect(first.before == 0 && first.after == 7)

            window.move(to: 4)
            let second = try #require(try await shown.next())
            #expect(second.snapshot.values.map(\.id) == ["4", "5", "6"])
            #expect(second.before == 4 && second.after == 3)

            window.move(toDocument: "6")
            #expect(try await shown.next()?.snapshot.values.map(\.id) == ["6", "7", "8"])
            try await todos.delete("0")
            let followed = try #require(try await shown.next())
            #expect(followed.snapshot.values.map(\.id) == ["6", "7", "8"])
            #expect(followed.before == 5)

            // Another loop begins where the window stands.
            var again = window.makeAsyncIterator()
            #expect(try await again.next()?.snapshot.values.map(\.id) == ["6", "7", "8"])
        }

        @Test func a_window_without_a_size_is_refused() async throws {
            var shown = todos.liveWindow(size: 0).makeAsyncIterator()
            #expect(await failure { try await shown.next() }?.code == .invalidQuery)
        }
    }
}

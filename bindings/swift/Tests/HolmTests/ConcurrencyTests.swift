import Holm
import Testing

extension HolmSuite {
    /// Many tasks at once.
    @Suite struct Concurrency {
        @Test func increments_of_many_tasks_are_all_counted() async throws {
            let todos = try await openInMemory().collection(Todo.self)
            try await todos.create(Todo(id: "t", title: "count"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<32 {
                    group.addTask {
                        for _ in 0..<50 { try await todos.update("t", ["priority": .increment()]) }
                    }
                    group.addTask {
                        var last = 0
                        for _ in 0..<50 {
                            let priority = try #require(try await todos.get("t")).priority
                            #expect(priority >= last)
                            last = priority
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await todos.get("t")?.priority == 1_600)
        }

        @Test func readers_never_see_half_a_transaction() async throws {
            let scratch = try Scratch()
            let holm = try await Holm.open(.init(storage: .directory(scratch.url), durability: .normal))
            let todos = holm.collection(Todo.self)
            try await todos.create(contentsOf: [Todo(id: "a", title: ""), Todo(id: "b", title: "")])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for number in 1...300 {
                        try await holm.write { tx in
                            tx.update("a", in: Todo.self, ["priority": .set(number)])
                            tx.update("b", in: Todo.self, ["priority": .set(number)])
                        }
                    }
                }
                for _ in 0..<4 {
                    group.addTask {
                        for _ in 0..<300 {
                            let both = try await todos.query().map(\.priority)
                            #expect(both.count == 2 && both[0] == both[1])
                        }
                    }
                }
                group.addTask {
                    for try await snapshot in todos.live() {
                        let both = snapshot.values.map(\.priority)
                        #expect(both.count == 2 && both[0] == both[1])
                        if both[0] == 300 { break }
                    }
                }
                try await group.waitForAll()
            }
            try await holm.close()
        }

        @Test func writes_of_many_tasks_share_commits() async throws {
            let scratch = try Scratch()
            let holm = try await Holm.open(.init(storage: .directory(scratch.url), collections: [Todo.collection]))
            let todos = holm.collection(Todo.self)
            let before = try holm.stats()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<400 {
                    group.addTask { try await todos.create(Todo(id: "\(number)", title: "")) }
                }
                try await group.waitForAll()
            }
            let after = try holm.stats()
            #expect(after.writes - before.writes == 400)
            #expect(after.commits - before.commits <= 400)
            #expect(after.forcedWrites - before.forcedWrites == after.commits - before.commits)
            #expect(try await todos.count() == 400)
            try await holm.close()
        }

        @Test func syncs_at_once_are_one_after_the_other() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                let (holm, todos) = (device.holm, device.todos)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<40 {
                        group.addTask {
                            let todo = Todo(title: "\(number)")
                            try await todos.create(todo)
                            try await holm.sync()
                            #expect(try await todos.getStored(todo.id)?.status == .synced)
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await holm.status().pending == 0)
                let other = try await Device(server)
                try await other.holm.sync()
                #expect(try await other.todos.count() == 40)
            }
        }
    }
}

import Foundation
import Holm
import Testing

extension HolmSuite {
    /// Tasks that are cancelled while they wait.
    @Suite struct Cancellation {
        /// A client whose server takes its requests and is silent.
        private func withSilence(_ body: (Holm, TinyServer) async throws -> Void) async throws {
            let (server, scratch) = (try TinyServer(), try Scratch())
            defer { server.stop() }
            let holm = try await Holm.open(
                HolmConfiguration(
                    baseURL: server.url, storage: .directory(scratch.url), collections: [Todo.collection],
                    autoSync: false))
            try await holm.setToken("token")
            try await body(holm, server)
            try await holm.close()
        }

        @Test func f61_a_sync_that_hangs_ends_at_once_when_its_task_is_cancelled() async throws {
            try await withSilence { holm, server in
                let task = Task { await failure { try await holm.sync() } }
                await server.connected()
                let cancelled = Date()
                task.cancel()
                let error = try #require(await task.value)
                #expect(error.code == .cancelled)
                #expect(error.isRetryable)
                #expect(Date().timeIntervalSince(cancelled) < 5)
            }
        }

        @Test func f61_a_cancelled_sync_leaves_the_client_in_order() async throws {
            try await withSilence { holm, server in
                let todos = holm.collection(Todo.self)
                let receipt = try await todos.create(Todo(id: "a", title: "a"))
                let task = Task { await failure { try await holm.sync() } }
                await server.connected()
                task.cancel()
                #expect(await task.value?.code == .cancelled)
                try await todos.update("a", \.priority, to: 1)
                try await holm.write { $0.create(Todo(id: "b", title: "b")) }
                #expect(try await todos.query().map(\.priority) == [1, 0])
                #expect(try await holm.status().pending == 2)
                #expect(try await holm.pendingWrites().first?.id == receipt.operationID)
            }
        }

        @Test func f61_a_sign_in_that_hangs_ends_at_once_when_its_task_is_cancelled() async throws {
            let (server, scratch) = (try TinyServer(), try Scratch())
            defer { server.stop() }
            let holm = try await Holm.open(
                HolmConfiguration(baseURL: server.url, storage: .directory(scratch.url), autoSync: false))
            for sign in [holm.signIn, holm.signUp] {
                let task = Task { await failure { try await sign("a@example.com", "correct horse") } }
                await server.connected()
                task.cancel()
                #expect(await task.value?.code == .cancelled)
                #expect(!holm.isSignedIn)
            }
            try await holm.close()
        }

        @Test func f61_waiting_for_a_write_ends_when_its_task_is_cancelled() async throws {
            try await withSilence { holm, _ in
                let receipt = try await holm.collection(Todo.self).create(Todo(title: "a"))
                let confirmed = Task { await failure { try await holm.confirmed(receipt) } }
                let idle = Task { await failure { try await holm.waitUntilIdle() } }
                await Task.yield()
                confirmed.cancel()
                idle.cancel()
                #expect(await confirmed.value?.code == .cancelled)
                #expect(await idle.value?.code == .cancelled)
                #expect(try await holm.status().pending == 1)
            }
        }

        @Test func f61_a_task_that_is_cancelled_already_does_not_begin_to_wait() async throws {
            try await withSilence { holm, _ in
                let task = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return await failure { try await holm.sync() }
                }
                #expect(await task.value?.code == .cancelled)
                let requests = try holm.stats().requests
                #expect(requests == 0)
            }
        }

        @Test func f61_a_write_of_a_cancelled_task_happens_whole() async throws {
            let holm = try await openInMemory()
            let todos = holm.collection(Todo.self)
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await todos.create(contentsOf: (0..<100).map { Todo(id: "\($0)", title: "") })
                try await todos.update("7", \.priority, to: 7)
                return try await todos.count()
            }
            #expect(try await task.value == 100)
            #expect(try await todos.get("7")?.priority == 7)
        }

        @Test func f61_closing_the_client_frees_every_caller_that_waits() async throws {
            try await withSilence { holm, server in
                let receipt = try await holm.collection(Todo.self).create(Todo(title: "a"))
                let confirmed = Task { await failure { try await holm.confirmed(receipt) } }
                let idle = Task { await failure { try await holm.waitUntilIdle() } }
                let sync = Task { await failure { try await holm.sync() } }
                await server.connected()
                try await holm.close()
                #expect(await confirmed.value?.code == .closed)
                #expect(await idle.value?.code == .closed)
                let ended = try #require(await sync.value)
                #expect([.closed, .suspended].contains(ended.code))
            }
        }
    }
}

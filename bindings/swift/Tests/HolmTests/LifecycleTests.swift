import Foundation
import Holm
import Testing

extension HolmSuite {
    /// Suspending, resuming and closing.
    @Suite struct Lifecycle {
        /// Every call that an app can make of an open client.
        private func calls(_ holm: Holm) -> [(name: String, call: () async throws -> Void)] {
            let (todos, raw) = (holm.collection(Todo.self), holm.collection(named: "todos"))
            let todo = Todo(id: "a", title: "a")
            return [
                ("get", { _ = try await todos.get("a") }),
                ("query", { _ = try await todos.query() }),
                ("count", { _ = try await todos.count() }),
                ("page", { _ = try await todos.page() }),
                ("create", { try await todos.create(todo) }),
                ("create many", { try await todos.create(contentsOf: [todo]) }),
                ("update", { try await todos.update("a", ["title": "b"]) }),
                ("update in place", { try await todos.update("a") { $0.title = "b" } }),
                ("replace", { try await todos.replace(todo) }),
                ("delete", { try await todos.delete("a") }),
                ("write", { try await holm.write { $0.create(todo) } }),
                ("untyped get", { _ = try await raw.get("a") }),
                ("untyped query", { _ = try await raw.query() }),
                ("status", { _ = try await holm.status() }),
                ("conflicts", { _ = try await holm.conflicts() }),
                ("parked", { _ = try await holm.parkedWrites() }),
                ("pending", { _ = try await holm.pendingWrites() }),
                ("journal", { _ = try await holm.journal() }),
                ("dump", { _ = try await holm.dump() }),
                ("sign out", { try await holm.signOut() }),
            ]
        }

        private func open(_ scratch: Scratch) async throws -> Holm {
            try await Holm.open(.init(storage: .directory(scratch.url), collections: [Todo.collection]))
        }

        @Test func a_closed_client_says_so_at_every_call() async throws {
            let scratch = try Scratch()
            let holm = try await open(scratch)
            try await holm.collection(Todo.self).create(Todo(id: "a", title: "a"))
            let calls = calls(holm)
            try await holm.close()
            for (name, call) in calls {
                let error = await failure(of: call)
                #expect(error?.code == .closed, "\(name)")
                #expect(error?.isRetryable == false, "\(name)")
            }
            #expect(await failure { try await holm.resume() }?.code == .closed)
            for try await _ in holm.collection(Todo.self).live() { Issue.record("a snapshot of a closed client") }
            try await holm.close()
        }

        @Test(.enabled(if: Resources.areKnown, "reads Linux's own accounts"))
        func f47_a_suspended_client_has_no_open_file_and_says_so_at_every_call() async throws {
            let scratch = try Scratch()
            let holm = try await open(scratch)
            try await holm.collection(Todo.self).create(Todo(id: "a", title: "a"))
            let calls = calls(holm)
            #expect(Resources.openFiles(under: scratch.url) > 0)
            try await holm.suspend()
            #expect(Resources.openFiles(under: scratch.url) == 0)
            for (name, call) in calls {
                let error = await failure(of: call)
                #expect(error?.code == .suspended, "\(name)")
                #expect(error?.isRetryable == true, "\(name)")
            }
            try await holm.resume()
            #expect(try await holm.collection(Todo.self).get("a")?.title == "a")
            try await holm.close()
        }

        @Test func a_live_query_waits_while_the_client_is_suspended() async throws {
            let scratch = try Scratch()
            let holm = try await open(scratch)
            let todos = holm.collection(Todo.self)
            var live = todos.live().makeAsyncIterator()
            #expect(try await live.next()?.documents.isEmpty == true)
            try await holm.suspend()
            try await holm.resume()
            try await todos.create(Todo(id: "a", title: "a"))
            #expect(try await live.next()?.inserted == ["a"])
            try await holm.close()
        }

        @Test func storage_by_name_lies_in_application_support() async throws {
            let name = "holm-tests-\(UUID().uuidString)"
            let support = try FileManager.default.url(
                for: .applicationSupportDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
            let directory = support.appendingPathComponent("Holm").appendingPathComponent(name)
            defer { try? FileManager.default.removeItem(at: directory) }
            let holm = try await Holm.open(.init(storage: .appSupport(name)))
            try await holm.collection(named: "things").create([:], id: "a")
            #expect(FileManager.default.fileExists(atPath: directory.appendingPathComponent("holm.db").path))
            try await holm.close()
        }

        @Test func the_version_of_the_core_is_known() throws {
            #expect(try Holm.version().split(separator: ".").count == 3)
        }
    }
}

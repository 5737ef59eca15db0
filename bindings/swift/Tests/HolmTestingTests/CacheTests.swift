import Foundation
import Holm
import HolmTesting
import Testing

/// Reads under a cache policy, as an app uses them.
@Suite struct Caches {
    private let world: TestWorld
    private let (phone, tablet): (TestDevice, TestDevice)

    init() async throws {
        var collection = Todo.collection
        collection.cache = Holm.CacheOptions(timeToLive: 60)
        world = try await TestWorld(collections: [collection])
        (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        try await tablet.collection(Todo.self).create(Todo(id: "a", title: "as it was"))
        try await world.syncAll()
        try await tablet.collection(Todo.self).update("a", \.title, to: "as it is")
        try await tablet.holm.sync()
    }

    private var todos: HolmCollection<Todo> { phone.collection(Todo.self) }

    /// Every result of a fetch.
    private func all<Value>(_ fetch: Holm.Fetch<Value>) async throws -> [Holm.Fetched<Value>] {
        var results: [Holm.Fetched<Value>] = []
        for try await result in fetch { results.append(result) }
        return results
    }

    @Test func what_is_fresh_is_taken_from_here_without_a_request() async throws {
        let before = phone.network.requests.count
        let todo = try await todos.get("a", policy: .cacheFirst)
        #expect(todo.value?.title == "as it was" && todo.origin == .cache && !todo.isStale && todo.refresh == .idle)
        #expect(phone.network.requests.count == before)
        try world.advance(by: 30)
        #expect(try await todos.get("a", policy: .cacheOnly).age == 30)
    }

    @Test func what_is_here_comes_first_and_then_what_the_server_has() async throws {
        let results = try await all(todos.fetch("a", policy: .cacheAndNetwork))
        #expect(results.map(\.value?.title) == ["as it was", "as it is"])
        #expect(results.map(\.origin) == [.cache, .network])
        #expect(results.map(\.refresh) == [.running, .idle])
    }

    @Test func a_query_is_fetched_in_its_order() async throws {
        let query = Holm.Query(where: .eq("isCompleted", false), orderBy: .asc("title"))
        try await tablet.collection(Todo.self).create(Todo(id: "b", title: "a new one"))
        try await tablet.holm.sync()
        let here = try await todos.query(query, policy: .cacheOnly)
        #expect(here.value.map(\.title) == ["as it was"] && !here.isPartial)
        let there = try await todos.query(query, policy: .networkOnly)
        #expect(there.value.map(\.title) == ["a new one", "as it is"] && there.origin == .network)
    }

    @Test func without_a_network_what_is_here_stands_in_and_says_why() async throws {
        phone.network.goOffline()
        let todo = try await todos.get("a", policy: .networkFirst)
        #expect(todo.value?.title == "as it was" && todo.isStale)
        guard case .failed(let error) = todo.refresh else {
            Issue.record("\(todo.refresh)")
            return
        }
        #expect(error.code == .offline && error.isRetryable)
        await #expect(throws: HolmError.self) { try await todos.get("a", policy: .networkOnly) }
    }

    @Test func a_refresh_behind_a_read_fails_without_failing_the_read() async throws {
        try world.advance(by: 61)
        phone.network.fail(.status(503))
        let results = try await all(todos.fetch("a"))
        #expect(results.map(\.value?.title) == ["as it was", "as it was"])
        #expect(results[0].refresh == .running && results[0].isStale)
        #expect(results[1].refresh != .idle)
    }

    @Test func the_policy_of_the_collection_holds_where_none_is_named() async throws {
        var collection = Todo.collection
        collection.cache = Holm.CacheOptions(policy: .networkOnly)
        let options = collection
        let device = try await world.device("third") { $0.collections = [options] }
        let results = try await all(device.collection(Todo.self).fetch("a"))
        #expect(results.map(\.origin) == [.network])
    }

    @Test func leaving_a_read_ends_it() async throws {
        for try await first in todos.fetch("a", policy: .cacheAndNetwork) {
            #expect(first.origin == .cache)
            break
        }
        let task = Task { try await todos.get("a", policy: .networkOnly) }
        task.cancel()
        let outcome = await task.result
        if case .failure(let error) = outcome { #expect((error as? HolmError)?.code == .cancelled) }
        #expect(try await todos.get("a", policy: .cacheOnly).value != nil)
    }

    @Test func reads_are_counted() async throws {
        let before = try phone.holm.stats()
        _ = try await todos.get("a", policy: .cacheFirst)
        _ = try await todos.get("a", policy: .networkOnly)
        let after = try phone.holm.stats()
        #expect(after.cacheHits == before.cacheHits + 1)
        #expect(after.refreshes == before.refreshes + 1)
        #expect(after.lastRefresh != nil)
    }

    @Test func a_limit_takes_what_was_used_longest_ago_but_nothing_pinned() async throws {
        var collection = Todo.collection
        collection.cache = Holm.CacheOptions(maximumDocuments: 2)
        let options = collection
        let device = try await world.device("small") { $0.collections = [options] }
        let small = device.collection(Todo.self)
        try await device.holm.sync()
        try await small.pin("a")
        try await tablet.collection(Todo.self).create(contentsOf: (0..<6).map { Todo(id: "n\($0)", title: "\($0)") })
        try await tablet.holm.sync()
        try await device.holm.sync()
        #expect(try await small.query(Holm.Query(), policy: .cacheOnly).isPartial)
        #expect(try await small.get("a", policy: .cacheOnly).value != nil)
        #expect(try device.holm.stats().evictions > 0)
        try await small.unpin("a")
        await #expect(throws: HolmError.self) { try await small.pin("") }
    }

    @Test func every_update_of_an_evicted_document_says_that_it_is_evicted() async throws {
        var collection = Todo.collection
        collection.cache = Holm.CacheOptions(maximumDocuments: 1)
        let options = collection
        let device = try await world.device("tiny") { $0.collections = [options] }
        let tiny = device.collection(Todo.self)
        try await tablet.collection(Todo.self).create(contentsOf: ["b", "c"].map { Todo(id: $0, title: $0) })
        try await tablet.holm.sync()
        try await device.holm.sync()
        let here = Set(try await tiny.query().map(\.id))
        let evicted = try #require(["a", "b", "c"].first { !here.contains($0) })

        await failsWith(.evicted) { try await tiny.update(evicted) { $0.title = "new" } }
        await failsWith(.evicted) { try await tiny.update(evicted, \.title, to: "new") }
        await failsWith(.evicted) { try await tiny.update(evicted, ["title": "new"]) }
        await failsWith(.notFound) { try await tiny.update("nowhere") { $0.title = "new" } }
        _ = try await tiny.get(evicted, policy: .networkOnly)
        try await tiny.update(evicted) { $0.title = "new" }
        #expect(try await tiny.get(evicted)?.title == "new")
    }

    private func failsWith(_ code: HolmError.Code, _ call: () async throws -> Void) async {
        do {
            try await call()
            Issue.record("should have failed with \(code.rawValue)")
        } catch {
            #expect((error as? HolmError)?.code == code)
        }
    }
}

import Foundation
import Holm
import HolmTesting
import Testing

// The code of docs/guides/caching.md: what stands between the marks is there word for word.

@Suite struct CachingGuide {
    @Test func a_default_for_each_collection() {
        // snippet: begin
        let illustrations = Holm.CollectionDescriptor(
            "illustrations", cache: Holm.CacheOptions(policy: .cacheAndNetwork, timeToLive: 600))
        // snippet: end
        #expect(illustrations.cache.policy == .cacheAndNetwork && illustrations.cache.timeToLive == 600)
    }

    @Test func one_fetch() async throws {
        let world = try await TestWorld(collections: [Todo.collection])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        let id = "a"
        try await tablet.collection(Todo.self).create(Todo(id: id, title: "as it was"))
        try await world.syncAll()
        try await tablet.collection(Todo.self).update(id, \.title, to: "as it is")
        try await tablet.holm.sync()
        let todos = phone.collection(Todo.self)
        var (shown, banners): ([String?], [HolmError]) = ([], [])
        func show(_ todo: Todo?, from origin: Holm.Origin, age: TimeInterval?, isStale: Bool) {
            shown.append("\(todo?.title ?? "nothing") from \(origin)")
        }
        func showBanner(_ error: HolmError) { banners.append(error) }
        var isInProgress = true
        func hideProgress() { isInProgress = false }
        // snippet: begin
        for try await result in todos.fetch(id, policy: .cacheAndNetwork) {
            show(result.value, from: result.origin, age: result.age, isStale: result.isStale)
            if case .failed(let error) = result.refresh { showBanner(error) }
        }
        hideProgress()  // the refresh has ended
        // snippet: end
        #expect(shown == ["as it was from cache", "as it is from network"] && banners.isEmpty && !isInProgress)
        // snippet: begin
        try await todos.pin(id)
        // snippet: end
    }
}

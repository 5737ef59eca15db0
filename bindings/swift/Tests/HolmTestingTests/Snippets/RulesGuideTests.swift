import Holm
import HolmTesting
import Testing

// The code of docs/guides/conflicts.md about rules and resolvers: what stands between the marks is there word for word.

private struct Story: HolmDocument {
    // snippet: begin
    static let collection = Holm.CollectionDescriptor(
        "stories", rules: ["content": .prompt, "playCount": .sum, "favourite": .local, "tags": .union])
    // snippet: end
    var id = Holm.newID()
    var content: String
    var playCount = 0
    var favourite = false
    var tags: [String] = []
}

// snippet: begin
struct KeepLonger: HolmConflictResolver {
    func resolve(_ conflict: Holm.ConflictDetails) async throws -> Holm.Resolution? {
        guard let mine = try conflict.local?.decode(Story.self), let theirs = try conflict.server?.decode(Story.self)
        else { return nil }  // nil: a person decides
        return mine.content.count > theirs.content.count ? .keepLocal : .keepServer
    }
}

let stories = Holm.CollectionDescriptor("stories", conflict: .custom, resolver: KeepLonger())
// snippet: end

@Suite struct RulesGuide {
    /// Both devices have changed the same story, the tablet first.
    private func disagreement(
        _ collection: Holm.CollectionDescriptor, phone mine: (inout Story) -> Void, tablet theirs: (inout Story) -> Void
    ) async throws -> (world: TestWorld, phone: TestDevice, tablet: TestDevice) {
        let world = try await TestWorld(collections: [collection])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        try await phone.collection(Story.self).create(Story(id: "s", content: "Once", playCount: 1))
        try await world.syncAll()
        try await tablet.collection(Story.self).update("s", theirs)
        try await phone.collection(Story.self).update("s", mine)
        try await tablet.holm.sync()
        try await phone.holm.sync()
        return (world, phone, tablet)
    }

    @Test func a_rule_decides_for_its_field_only() async throws {
        let (world, phone, tablet) = try await disagreement(Story.collection) {
            ($0.playCount, $0.favourite, $0.tags) = (4, true, ["phone"])
        } tablet: {
            ($0.playCount, $0.tags) = (3, ["tablet"])
        }
        try await world.syncAll()
        for device in [phone, tablet] {
            let story = try #require(try await device.collection(Story.self).get("s"))
            #expect(story.playCount == 6)
            #expect(story.favourite)
            #expect(Set(story.tags) == ["phone", "tablet"])
        }
        #expect(try await phone.holm.conflicts().isEmpty)
    }

    @Test func a_resolver_without_a_decision_says_why() async throws {
        let (world, phone, tablet) = try await disagreement(stories) {
            $0.content = "Once upon a time"
        } tablet: { _ in
        }
        try await world.syncAll()
        try await phone.collection(Story.self).delete("s")
        try await tablet.collection(Story.self).update("s", \.content, to: "Twice")
        try await tablet.holm.sync()
        let holm = phone.holm
        try await holm.sync()
        while try await holm.status().conflicts == 0 { await Task.yield() }
        let (shown, tell) = AsyncStream.makeStream(of: String.self)
        let ask: @Sendable (Holm.Conflict, String) -> Void = { tell.yield($1) }
        // snippet: begin
        for conflict in try await holm.conflicts() {
            if let fault = conflict.resolverFault { ask(conflict, "The app could not decide: \(fault.rawValue)") }
        }
        // snippet: end
        var reasons = shown.makeAsyncIterator()
        #expect(await reasons.next() == "The app could not decide: noDecision")
        try world.stop()
    }

    @Test func a_resolver_decides_without_a_person() async throws {
        let (world, phone, tablet) = try await disagreement(stories) {
            $0.content = "Once upon a time"
        } tablet: {
            $0.content = "Twice"
        }
        while try await phone.collection(Story.self).getStored("s")?.status == .conflict { await Task.yield() }
        try await world.syncAll()
        #expect(try await phone.holm.conflicts().isEmpty)
        #expect(try await tablet.collection(Story.self).get("s")?.content == "Once upon a time")
    }
}

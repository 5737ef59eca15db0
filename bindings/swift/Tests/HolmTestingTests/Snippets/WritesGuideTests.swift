import Foundation
import Holm
import HolmTesting
import Testing

// The code of docs/guides/writes.md: what stands between the marks is there word for word.

@Suite struct WritesGuide {
    struct Hero: HolmDocument {
        static let collection: Holm.CollectionDescriptor = "heroes"
        var id = Holm.newID()
        var name: String
        var stories = 0
    }

    struct Story: HolmDocument {
        // snippet: begin
        static let collection = Holm.CollectionDescriptor("stories", references: ["heroId": "heroes"])
        // snippet: end
        var id = Holm.newID()
        var title: String
        var heroId: String?
    }

    @Test func a_group_is_taken_as_a_whole() async throws {
        let world = try await TestWorld(collections: [Hero.collection, Story.collection])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        let (holm, hero) = (phone.holm, Hero(name: "Mo"))
        try await holm.collection(Hero.self).create(hero)
        try await world.syncAll()
        let story = Story(title: "Dragon", heroId: hero.id)
        // snippet: begin
        try await holm.write(group: true) { tx in
            tx.create(story)
            tx.update(hero.id, in: Hero.self, ["stories": .increment()])
        }
        // snippet: end
        try await world.syncAll()
        #expect(try await tablet.collection(Hero.self).get(hero.id)?.stories == 1)
        #expect(try await tablet.collection(Story.self).count() == 1)
        try world.stop()
    }

    @Test func a_form_is_saved_against_what_it_was_opened_with() async throws {
        let world = try await TestWorld(collections: [Story.collection, Hero.collection])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        let (stories, id) = (phone.collection(Story.self), "s")
        try await stories.create(Story(id: id, title: "Dragon"))
        try await world.syncAll()
        let opened = try #require(try await stories.getStored(id))
        // snippet: begin
        var edited = opened.value  // opened: what getStored gave when the form was opened
        edited.title = "The dragon"
        try await stories.replace(edited, basedOn: opened.version)
        // snippet: end
        try await world.syncAll()
        #expect(try await tablet.collection(Story.self).get(id)?.title == "The dragon")
        try world.stop()
    }

    @Test func a_sync_reports_what_it_left() async throws {
        let world = try await TestWorld(collections: [Story.collection, Hero.collection])
        let holm = try await world.device("phone").holm
        try await holm.collection(Story.self).create(Story(id: "s", title: "Dragon"))
        let log = { (_: Any?...) in }
        // snippet: begin
        let report = try await holm.sync(collection: "stories")  // or resync(collection:), or sync()
        for later in report.deferred { log(later.operationID, later.code, later.nextAttempt) }
        for skipped in report.setAside { log(skipped.collection, skipped.documentID, skipped.error) }
        // snippet: end
        #expect(report.pushed == 1 && report.deferred.isEmpty && report.setAside.isEmpty)
        try world.stop()
    }

    @Test func a_child_is_sent_after_its_parent() async throws {
        let world = try await TestWorld(collections: [Story.collection, Hero.collection])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        let hero = Hero(name: "Mo")
        try await phone.collection(Hero.self).create(hero)
        try await phone.collection(Story.self).create(Story(id: "s", title: "Dragon", heroId: hero.id))
        // One collection at a time: the story's turn has come, its hero's has not.
        try await phone.holm.sync(collection: "stories")
        #expect(try await phone.collection(Story.self).getStored("s")?.status == .pendingCreate)
        try await world.syncAll()
        #expect(try await tablet.collection(Story.self).get("s")?.heroId == hero.id)
        try world.stop()
    }

    @Test func a_circle_of_new_documents_is_refused() async throws {
        let nodes = Holm.CollectionDescriptor("nodes", references: ["next": "nodes"])
        let holm = try await Holm.open(HolmConfiguration(storage: .inMemory, collections: [nodes]))
        let documents = holm.collection(named: "nodes")
        try await documents.create(["next": nil], id: "a")
        try await documents.create(["next": "a"], id: "b")
        await #expect(throws: HolmError.self) { try await documents.update("a", ["next": "b"]) }
        #expect(try await documents.get("a")?.value["next"] != "b")
    }

    @Test func all_writes_go_in_one_order() async throws {
        let world = try await TestWorld(
            collections: [Story.collection], rules: "[collections.stories.fields.title]\nmax_length = 10\n")
        let (url, storage) = (world.url, HolmConfiguration.Storage.inMemory)
        // snippet: begin
        let configuration = HolmConfiguration(
            baseURL: url, storage: storage, collections: [Story.collection], ordered: true)
        // snippet: end
        let phone = try await world.device("phone") { $0.ordered = configuration.ordered }
        try await phone.collection(Story.self).create(Story(id: "long", title: "A title that is too long"))
        try await phone.collection(Story.self).create(Story(id: "s", title: "Dragon"))
        #expect(try await phone.holm.sync().pushed == 0)
        try world.stop()
    }

    @Test func an_action_is_queued_and_its_result_awaited() async throws {
        let world = try await TestWorld(collections: [Story.collection])
        let phone = try await world.device("phone")
        let (holm, story) = (phone.holm, Story(id: "s", title: "Dragon"))
        try await holm.collection(Story.self).create(story)
        // snippet: begin
        let receipt = try await holm.action("echo", of: story.id, in: "stories", parameters: ["copies": 2])
        // snippet: end
        let pending = try await holm.pendingWrites()
        #expect(pending.map(\.kind) == [.create, .action])
        #expect(pending[0].action == nil)
        #expect(pending[1].action?.name == "echo" && pending[1].action?.parameters == ["copies": 2])
        let (shown, tell) = AsyncStream.makeStream(of: Holm.JSON?.self)
        let show: @Sendable (Holm.JSON?) -> Void = { tell.yield($0) }
        let ask: @Sendable ([Holm.PendingWrite]) -> Void = { _ in tell.finish() }
        let waiting = Task {
            // snippet: begin
            let result = try await holm.result(of: receipt)
            if result.outcome == .parked { ask(try await holm.parkedWrites()) } else { show(result.value) }
            // snippet: end
        }
        try await holm.sync()
        try await waiting.value
        var results = shown.makeAsyncIterator()
        #expect(await results.next() == .some(["copies": 2]))
        try world.stop()
    }

    @Test func a_refused_action_is_parked_and_can_be_given_up() async throws {
        let world = try await TestWorld(collections: [Story.collection])
        let holm = try await world.device("phone").holm
        let receipt = try await holm.action("refuse", parameters: ["copies": 2])
        try await holm.sync()
        let result = try await holm.result(of: receipt)
        #expect(result.outcome == .parked && result.value == nil)
        let parked = try #require(try await holm.parkedWrites().first)
        #expect(parked.kind == .action)
        #expect(parked.refusal?.code == "ACTION_REFUSED")
        let (shown, tell) = AsyncStream.makeStream(of: [Holm.JSON].self)
        let show: @Sendable (String, Holm.JSON) -> Void = { tell.yield([.string($0), $1]) }
        // snippet: begin
        for write in try await holm.parkedWrites() {
            if let action = write.action { show(action.name, action.parameters) }
        }
        // snippet: end
        var calls = shown.makeAsyncIterator()
        #expect(await calls.next() == ["refuse", ["copies": 2]])
        try await parked.discard()
        let operation = try #require(receipt.operationID)
        #expect(try await holm.result(ofOperation: operation).outcome == .discarded)
        await #expect(throws: HolmError.self) { try await holm.action("no name!") }
        try world.stop()
    }
}

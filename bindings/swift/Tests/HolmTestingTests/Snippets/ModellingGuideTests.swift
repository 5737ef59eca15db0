import Foundation
import Holm
import HolmTesting
import Testing

// The code of docs/guides/modelling.md: what stands between the marks is there word for word.

@Suite struct ModellingGuide {
    // snippet: begin
    struct Recipe: HolmDocument {
        static let collection = Holm.CollectionDescriptor(
            "recipes", rules: ["cooked": .sum, "tags": .union, "notes": .text], listKeys: ["steps": "id"],
            references: ["bookId": "books"], indexes: [["bookId", "title"]])
        var id = Holm.newID()
        var title: String
        var bookId: String?
        var cooked = 0
        var tags: [String] = []
        var notes = ""
        var steps: [Step] = []
        var addedAt = Int64(Date().timeIntervalSince1970 * 1_000)
        var servings: Int?
    }

    struct Step: Codable, Sendable {
        var id = Holm.newID()
        var text: String
    }
    // snippet: end

    @Test func edits_of_two_devices_add_up() async throws {
        let world = try await TestWorld(collections: [Recipe.collection])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        let (recipes, others) = (phone.collection(Recipe.self), tablet.collection(Recipe.self))
        let soup = Recipe(title: "Soup", steps: [Step(text: "Chop"), Step(text: "Cook")])
        try await recipes.create(soup)
        try await world.syncAll()
        // snippet: begin
        try await recipes.update(soup.id, ["cooked": .increment(), "tags": .addToSet(["winter"])])
        try await recipes.update(soup.id) { $0.steps[0].text = "Chop the onions" }
        // snippet: end
        try await others.update(soup.id) {
            $0.cooked += 2
            $0.tags.append("quick")
            $0.steps[1].text = "Cook for an hour"
        }
        try await world.syncAll()
        for collection in [recipes, others] {
            let both = try #require(try await collection.get(soup.id))
            #expect(both.cooked == 3)
            #expect(Set(both.tags) == ["winter", "quick"])
            #expect(both.steps.map(\.text) == ["Chop the onions", "Cook for an hour"])
        }
        #expect(try await phone.holm.conflicts().isEmpty)
        #expect(try await tablet.holm.conflicts().isEmpty)
        try world.stop()
    }
}

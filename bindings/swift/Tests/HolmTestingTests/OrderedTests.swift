import Holm
import HolmTesting
import Testing

/// One order for all writes.
@Suite struct Ordered {
    struct Note: HolmDocument {
        static let collection: Holm.CollectionDescriptor = "notes"
        var id = Holm.newID()
        var text: String
    }

    /// A device on which a write is refused, and another one was made after it.
    private func refused(ordered: Bool?) async throws -> (TestWorld, TestDevice, HolmCollection<Note>) {
        let rules = "[collections.notes.fields.text]\nmax_length = 10\n"
        let world = try await TestWorld(collections: [Note.collection], rules: rules)
        let phone = try await world.device("phone") { if let ordered { $0.ordered = ordered } }
        let notes = phone.collection(Note.self)
        try await notes.create(Note(id: "long", text: "much too long for this server"))
        try await notes.create(Note(id: "later", text: "fine"))
        #expect(try await phone.holm.sync().parked == 1)
        return (world, phone, notes)
    }

    @Test func a_refused_write_stops_what_was_made_after_it() async throws {
        let (world, phone, notes) = try await refused(ordered: true)
        #expect(try await notes.getStored("later")?.status == .pendingCreate)
        #expect(try await phone.holm.sync().pushed == 0)
        try await notes.update("long", \.text, to: "short")
        try await phone.holm.parkedWrites().first?.retry()
        #expect(try await phone.holm.sync().pushed == 2)
        #expect(try await notes.getStored("later")?.status == .synced)
        try world.stop()
    }

    @Test func a_refused_write_that_is_given_up_stops_nothing_any_more() async throws {
        let (world, phone, notes) = try await refused(ordered: true)
        try await phone.holm.parkedWrites().first?.discard()
        try await phone.holm.sync()
        #expect(try await notes.getStored("later")?.status == .synced)
        try world.stop()
    }

    @Test(arguments: [false, nil]) func without_that_order_it_stops_its_own_document_only(_ ordered: Bool?) async throws
    {
        let (world, _, notes) = try await refused(ordered: ordered)
        #expect(try await notes.getStored("later")?.status == .synced)
        try world.stop()
    }
}

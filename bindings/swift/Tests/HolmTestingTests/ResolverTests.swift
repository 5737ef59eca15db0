import Foundation
import Holm
import HolmTesting
import Testing

/// The app's own decisions about conflicts, and every way in which a resolver can decide nothing.
@Suite struct ResolverTests {
    struct Note: HolmDocument {
        static let collection: Holm.CollectionDescriptor = "notes"
        var id = Holm.newID()
        var text: String
        var n = 0
    }

    /// Decides by a closure, which gets the number of the call.
    private final class Scripted: HolmConflictResolver {
        private let calls = Calls()
        private let decide: @Sendable (Int, Holm.ConflictDetails) async throws -> Holm.Resolution?

        init(_ decide: @escaping @Sendable (Int, Holm.ConflictDetails) async throws -> Holm.Resolution?) {
            self.decide = decide
        }

        func resolve(_ conflict: Holm.ConflictDetails) async throws -> Holm.Resolution? {
            try await decide(await calls.next(), conflict)
        }

        private actor Calls {
            private var count = 0
            func next() -> Int {
                count += 1
                return count
            }
        }
    }

    /// The phone, whose collection has this resolver, is about to meet a conflict with the tablet.
    private func quarrel(
        _ resolver: any HolmConflictResolver
    ) async throws -> (world: TestWorld, phone: TestDevice, tablet: TestDevice) {
        let notes = Holm.CollectionDescriptor("notes", conflict: .custom, resolver: resolver)
        let world = try await TestWorld(collections: [notes])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        try await phone.collection(Note.self).create(Note(id: "n", text: "base"))
        try await world.syncAll()
        try await tablet.collection(Note.self).update("n", \.text, to: "tablet")
        try await tablet.holm.sync()
        try await phone.collection(Note.self).update("n") { ($0.text, $0.n) = ("phone", 1) }
        return (world, phone, tablet)
    }

    /// Lets others run until the resolver has decided about the phone's note, or has left the decision to a person.
    private func decided(_ phone: TestDevice) async throws {
        while try await phone.holm.status().conflicts == 0,
            try await phone.collection(Note.self).getStored("n")?.status == .conflict
        {
            await Task.yield()
        }
    }

    @Test func a_decision_goes_out_with_the_next_sync() async throws {
        let (world, phone, tablet) = try await quarrel(
            Scripted { _, conflict in
                let (mine, theirs) = (
                    try #require(try conflict.local?.decode(Note.self)),
                    try #require(try conflict.server?.decode(Note.self))
                )
                #expect(conflict.collection == "notes" && conflict.documentID == "n")
                #expect(conflict.fields == ["/text"])
                #expect(try conflict.base?.decode(Note.self).text == "base")
                #expect(conflict.localEdit.deviceID != conflict.serverEdit?.deviceID)
                return .document(Note(id: "n", text: "\(mine.text) and \(theirs.text)", n: mine.n))
            })
        try await phone.holm.sync()
        try await decided(phone)
        #expect(try await phone.holm.status().conflicts == 0)
        try await phone.holm.sync()
        try await tablet.holm.sync()
        let joined = try #require(try await tablet.collection(Note.self).get("n"))
        #expect(joined.text == "phone and tablet" && joined.n == 1)
        try world.stop()
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let fault: Holm.ResolverFault
        let decide: @Sendable (Int, Holm.ConflictDetails) async throws -> Holm.Resolution?
    }

    struct Defect: Error {}

    static let cases = [
        Case(testDescription: "nil", fault: .noDecision) { _, _ in nil },
        Case(testDescription: "an error", fault: .noDecision) { _, _ in throw Defect() },
        Case(testDescription: "what is no document", fault: .invalidDocument) { _, _ in .document([1]) },
        Case(testDescription: "each time another", fault: .notDeterministic) { call, _ in
            call.isMultiple(of: 2) ? .keepLocal : .keepServer
        },
    ]

    @Test(arguments: cases) func without_a_decision_a_person_is_asked_and_told_why(_ one: Case) async throws {
        let (world, phone, tablet) = try await quarrel(Scripted(one.decide))
        try await phone.holm.sync()
        try await decided(phone)
        let conflict = try #require(try await phone.holm.conflicts().first)
        #expect(try await phone.holm.status().conflicts == 1)
        #expect(conflict.fields == ["/text"])
        #expect(conflict.resolverFault == one.fault)
        try await conflict.resolve(.keepLocal)
        try await world.syncAll()
        #expect(try await tablet.collection(Note.self).get("n")?.text == "phone")
        try world.stop()
    }

    @Test func a_resolver_that_is_late_is_cancelled_and_a_person_asked() async throws {
        let (asked, tell) = AsyncStream.makeStream(of: Void.self)
        let (ended, end) = AsyncStream.makeStream(of: Bool.self)
        let (world, phone, _) = try await quarrel(
            Scripted { _, _ in
                tell.yield()
                try? await Task.sleep(nanoseconds: 60_000_000_000)
                end.yield(Task.isCancelled)
                return .keepLocal
            })
        try await phone.holm.sync()
        var asks = asked.makeAsyncIterator()
        await asks.next()
        try world.advance(by: 10)
        try await decided(phone)
        #expect(try await phone.holm.conflicts().map(\.resolverFault) == [.tooSlow])
        var ends = ended.makeAsyncIterator()
        #expect(await ends.next() == true)
        try world.stop()
    }
}

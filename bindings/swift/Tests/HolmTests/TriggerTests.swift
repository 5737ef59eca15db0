import Foundation
import Holm
import Testing

extension HolmSuite {
    /// What starts a sync: events of the platform, and slices of background time.
    @Suite struct Triggers {
        @Test func coming_to_the_foreground_brings_what_others_did() async throws {
            try await withServer { server in
                let writer = try await Device(server, isFirst: true)
                let reader = try await Device(server, autoSync: true)
                var live = reader.todos.live().makeAsyncIterator()
                #expect(try await live.next()?.documents.isEmpty == true)
                try await reader.holm.sync()
                try await writer.todos.create(Todo(id: "a", title: "a"))
                try await writer.holm.sync()
                reader.holm.report(.background)
                reader.holm.report(.foreground)
                // Nothing but the event asks for it: the interval is a quarter of an hour.
                #expect(try await live.next()?.inserted == ["a"])
                for event in [Holm.Event.launched, .lowPower(true), .pushReceived] { reader.holm.report(event) }
            }
        }

        @Test func slices_go_on_where_the_last_one_was_until_nothing_is_left() async throws {
            try await withServer { server in
                let (writer, reader) = try await Device.pair(server)
                try await writer.todos.create(contentsOf: (0..<2_000).map { Todo(id: "\($0)", title: "no. \($0)") })
                try await writer.holm.sync()
                let none = try await reader.holm.runBackground(budget: 0)
                #expect(!none.isComplete && none.report.requests == 0 && none.remainingCollections > 0)
                try await reader.todos.create(Todo(id: "mine", title: "mine"))
                var slice = none
                while !slice.isComplete { slice = try await reader.holm.runBackground(budget: 2) }
                #expect(slice.remainingWrites == 0 && slice.remainingCollections == 0)
                #expect(try await reader.todos.count() == 2_001)
            }
        }

        @Test func a_slice_fails_as_a_sync_does_and_knows_what_a_budget_is() async throws {
            let holm = try await Holm.open(.init(storage: .inMemory))
            #expect(await failure { try await holm.runBackground(budget: 1) }?.code == .invalidConfig)
            for budget in [-1, .nan, .infinity, 86_401] {
                #expect(await failure { try await holm.runBackground(budget: budget) }?.code == .invalidConfig)
            }
            holm.report(.foreground)
            try await holm.close()
        }
    }
}

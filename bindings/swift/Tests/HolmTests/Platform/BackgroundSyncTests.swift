import Foundation
import Testing

@testable import Holm

extension HolmSuite {
    /// Slices of background time.
    @Suite struct BackgroundSyncs {
        private let background = HolmBackgroundSync(identifier: "sync", budget: 10)

        @Test func a_slice_does_what_there_is_to_do() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                try await device.todos.create(Todo(title: "a"))
                let slice = try await device.holm.runBackground(budget: 10)
                #expect(slice.isComplete && slice.report.pushed == 1 && slice.remainingWrites == 0)
                #expect(try await device.todos.queryStored().map(\.status) == [.synced])
            }
        }

        @Test func a_slice_that_ends_is_told_once() async throws {
            let holm = try await openInMemory()
            let (ends, ended) = AsyncStream.makeStream(of: Bool.self)
            let cut = background.start({ holm }, completed: { ended.yield($0) })
            var told = ends.makeAsyncIterator()
            _ = await told.next()
            cut()
            cut()
            ended.finish()
            #expect(await told.next() == nil)
        }

        @Test func a_slice_that_is_cut_is_told_once_and_soon() async throws {
            let silent = try TinyServer()
            defer { silent.stop() }
            let holm = try await Holm.open(.init(baseURL: silent.url, storage: .inMemory, autoSync: false))
            try await holm.setToken("a token")
            let (ends, ended) = AsyncStream.makeStream(of: Bool.self)
            let cut = background.start({ holm }, completed: { ended.yield($0) })
            await silent.connected()
            cut()
            cut()
            var told = ends.makeAsyncIterator()
            #expect(await told.next() == false)
            ended.finish()
            #expect(await told.next() == nil)
        }

        @Test func a_client_that_cannot_be_opened_is_an_unfinished_slice() async {
            #expect(await background.run { throw HolmError.internal("no client") } == false)
        }
    }
}

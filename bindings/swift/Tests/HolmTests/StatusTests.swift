import Foundation
import Holm
import Testing

extension HolmSuite {
    /// What a status bar shows.
    @Suite struct Statuses {
        @Test func a_status_counts_what_waits() async throws {
            let holm = try await openInMemory()
            let before = try await holm.status()
            #expect(before.phase == .idle)
            #expect(before.pending == 0 && before.parked == 0 && before.conflicts == 0)
            #expect(before.lastSync == nil && before.lastError == nil && before.progress == nil)
            try await holm.collection(Todo.self).create(Todo(title: "a"))
            #expect(try await holm.status().pending == 1)
        }

        @Test func the_statuses_follow_the_client_to_its_end() async throws {
            let holm = try await openInMemory()
            var statuses = holm.statuses.makeAsyncIterator()
            #expect(try await statuses.next()?.pending == 0)
            try await holm.collection(Todo.self).create(Todo(title: "a"))
            #expect(try await statuses.next()?.pending == 1)
            try await holm.suspend()
            #expect(try await statuses.next()?.phase == .suspended)
            try await holm.resume()
            #expect(try await statuses.next()?.phase == .idle)
            try await holm.close()
            #expect(try await statuses.next()?.phase == .closed)
            #expect(try await statuses.next() == nil)
        }

        @Test func a_sync_that_fails_shows_why_and_one_that_succeeds_shows_when() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                device.holm.setNetwork(.offline)
                #expect(await failure { try await device.holm.sync() }?.code == .offline)
                let failed = try await device.holm.status()
                #expect(failed.phase == .offline)
                #expect(failed.lastError?.code == .offline)
                #expect(failed.lastError?.message.isEmpty == false)
                device.holm.setNetwork(.unmetered)
                try await device.holm.sync()
                let fine = try await device.holm.status()
                #expect(fine.lastError == nil)
                #expect(abs(try #require(fine.lastSync).timeIntervalSinceNow) < 60)
            }
        }

        @Test func f61_cancelling_the_task_ends_the_statuses() async throws {
            let holm = try await openInMemory()
            let (shown, show) = AsyncStream.makeStream(of: Void.self)
            let task = Task {
                for try await _ in holm.statuses { show.yield() }
                return "ended"
            }
            var firsts = shown.makeAsyncIterator()
            await firsts.next()
            task.cancel()
            #expect(try await task.value == "ended")
        }
    }
}

import Foundation
import Holm
import Testing

extension HolmSuite {
    /// A status bar.
    @Suite @MainActor struct StatusModels {
        @Test func a_status_bar_counts_what_waits_and_shows_when_it_was_in_step() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                let status = HolmStatusModel(device.holm)
                #expect(status.status == nil && status.pendingCount == 0 && status.lastSync == nil)
                let task = Task { await status.run() }
                await Resources.eventually { status.status != nil }
                try await device.todos.create(Todo(title: "a"))
                try await device.todos.create(Todo(title: String(repeating: "too long ", count: 10)))
                await Resources.eventually { status.pendingCount == 2 }

                await status.sync()
                #expect(status.error == nil, "a refused write is no failure of the sync")
                await Resources.eventually { status.pendingCount == 0 && status.parkedCount == 1 }
                await Resources.eventually { status.lastSync != nil && !status.isSyncing }
                task.cancel()
            }
        }

        @Test func a_pull_to_refresh_that_fails_shows_why() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                let status = HolmStatusModel(device.holm)
                let task = Task { await status.run() }
                device.holm.setNetwork(.offline)
                await status.sync()
                #expect(status.error?.code == .offline)
                await Resources.eventually { status.isOffline }
                device.holm.setNetwork(.unmetered)
                await status.sync()
                #expect(status.error == nil)
                task.cancel()
            }
        }

        @Test func giving_up_a_pull_to_refresh_is_no_failure() async throws {
            let silent = try TinyServer()
            defer { silent.stop() }
            let holm = try await Holm.open(.init(baseURL: silent.url, storage: .inMemory, autoSync: false))
            try await holm.setToken("a token")
            let status = HolmStatusModel(holm)
            let task = Task { await status.sync() }
            await silent.connected()
            task.cancel()
            await task.value
            #expect(status.error == nil)
        }

        @Test func a_conflict_is_counted() async throws {
            try await withServer { server in
                let (phone, tablet) = try await Device.pair(server, conflict: .prompt)
                let todo = Todo(title: "a")
                try await phone.todos.create(todo)
                try await phone.holm.sync()
                try await tablet.holm.sync()
                try await tablet.todos.update(todo.id, \.title, to: "tablet")
                try await tablet.holm.sync()
                try await phone.todos.update(todo.id, \.title, to: "phone")
                let status = HolmStatusModel(phone.holm)
                let task = Task { await status.run() }
                await status.sync()
                await Resources.eventually { status.conflictCount == 1 }
                task.cancel()
            }
        }
    }
}

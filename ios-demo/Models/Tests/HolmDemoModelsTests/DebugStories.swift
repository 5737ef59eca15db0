import Foundation
import Holm
import Testing

@testable import HolmDemoModels

extension DemoSuite {
    /// What a tester does.
    @MainActor @Suite struct Debugging {
        @Test func a_conflict_is_made_with_another_device_and_can_be_resolved() async throws {
            try await withServer { server in
                let phone = try await Phone.signedUp(server)
                let (debug, conflicts) = (phone.workspace.debug, phone.workspace.conflicts)
                await debug.simulateConflict { key, title in "\(title) \(key)" }
                #expect(debug.message == Message("debug_conflict_no_task"))

                await phone.workspace.tasks.create("Buy milk")
                await debug.simulateConflict { key, title in "\(title) \(key)" }
                #expect(debug.message == Message("debug_conflict_made", "Buy milk"))
                let conflict = try await eventually { conflicts.conflicts.first }
                #expect(conflict.mine?.title == "Buy milk debug_conflict_mine")
                #expect(conflict.server?.title == "Buy milk debug_conflict_theirs")
                await conflicts.useServer(conflict)
                try await phone.task { $0.value.title.hasSuffix("theirs") && $0.status == .synced }

                try await phone.restart()
                await phone.workspace.debug.simulateConflict { key, title in title }
                #expect(phone.workspace.debug.message == Message("debug_sign_in_again"))
                try await phone.remove()
            }
        }

        @Test func a_forced_sync_tells_what_it_did() async throws {
            try await withServer { server in
                let (phone, tablet) = try await Phone.pair(server, sharing: "Buy milk")
                let debug = phone.workspace.debug
                await phone.goOffline()
                await phone.workspace.tasks.create("Feed the cat")
                await debug.forceSync()
                #expect(debug.message == Message("error_offline"))
                debug.simulateOffline(false)
                await phone.workspace.debug.forceSync()
                #expect(debug.message?.key == "debug_synced")
                await tablet.workspace.debug.forceSync()
                #expect(tablet.workspace.debug.message == Message("debug_synced", .number(0), .number(1)))
                try await phone.remove()
                try await tablet.remove()
            }
        }

        @Test func the_queue_is_cleared_after_a_question() async throws {
            try await withServer { server in
                let (phone, tablet) = try await Phone.pair(server, sharing: "Buy milk")
                let (debug, tasks) = (phone.workspace.debug, phone.workspace.tasks)
                await debug.simulateConflict { key, title in key }
                try await eventually { tasks.tasks.first?.status == .conflict }
                await tasks.create(String(repeating: "x", count: 81))
                try await eventually { tasks.tasks.contains { $0.status == .failed } }
                await phone.goOffline()
                await tasks.create("Feed the cat")
                await debug.askToClear()
                #expect(debug.toClear == 3)
                debug.keepQueue()
                #expect(debug.toClear == nil)

                await debug.clearQueue()
                #expect(debug.message == Message("debug_cleared"))
                let todo = try await phone.task { $0.status == .synced }
                #expect(todo.title == "debug_conflict_theirs")
                try await eventually { tasks.unsynced == 0 }
                try await phone.remove()
                try await tablet.remove()
            }
        }

        @Test func an_exported_log_says_what_happened_but_not_what_is_written() async throws {
            try await withServer { server in
                let phone = try await Phone.signedUp(server)
                let debug = phone.workspace.debug
                await phone.goOffline()
                await phone.workspace.tasks.create("My secret")
                await debug.exportLog()
                let file = try #require(debug.log)
                #expect(debug.message == Message("debug_exported", .text(file.lastPathComponent)))
                let log = try String(contentsOf: file, encoding: .utf8)
                let id = try await phone.task().id
                #expect(log.contains("queued create \(id)"))
                #expect(log.contains("pending 1, parked 0, conflicts 0"))
                #expect(log.contains(phone.workspace.deviceID))
                #expect(log.contains("holm_core::sync"), "the core's log is a part of it")
                #expect(!log.contains("secret"))
                try await phone.remove()
            }
        }
    }
}

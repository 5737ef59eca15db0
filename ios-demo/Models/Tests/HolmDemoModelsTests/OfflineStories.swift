import Foundation
import Holm
import Testing

@testable import HolmDemoModels

extension DemoSuite {
    /// The list, the form and the status bar, with and without a network.
    @MainActor @Suite struct Offline {
        @Test func what_is_made_without_a_network_is_there_at_once_and_sent_later() async throws {
            try await withServer { server in
                let phone = try await Phone.signedUp(server)
                let (tasks, status) = (phone.workspace.tasks, phone.workspace.status)
                await phone.goOffline()
                #expect(phone.workspace.debug.isOffline)
                await tasks.create("  Buy milk ")
                await tasks.create("Feed the cat")
                try await eventually { tasks.tasks.map(\.value.title) == ["Feed the cat", "Buy milk"] }
                try await eventually { tasks.unsynced == 2 && tasks.tasks.first?.status == .pendingCreate }
                await tasks.refresh()
                #expect(tasks.message == Message("error_offline"))
                try await eventually { status.state?.told == Message("status_offline") }

                phone.workspace.debug.simulateOffline(false)
                try await eventually { tasks.unsynced == 0 && tasks.tasks.map(\.status) == [.synced, .synced] }
                try await eventually { status.state?.told == Message("status_idle") }
                let state = try #require(status.state)
                #expect(state.lastSyncTold(at: .now) == Message("time_now"))
                try await phone.remove()
            }
        }

        @Test func a_filter_shows_a_part_and_follows_what_happens() async throws {
            try await withServer { server in
                let phone = try await Phone.signedUp(server)
                let tasks = phone.workspace.tasks
                await tasks.create("Buy milk")
                await tasks.create("Feed the cat")
                phone.show(.open)
                let cat = try await eventually { tasks.tasks.count == 2 ? tasks.tasks.first?.value : nil }
                await tasks.toggle(cat)
                try await eventually { tasks.tasks.map(\.value.title) == ["Buy milk"] }
                phone.show(.done)
                try await eventually { tasks.tasks.map(\.value.title) == ["Feed the cat"] }
                phone.show(.all)
                try await eventually { tasks.tasks.count == 2 }
                await tasks.delete(cat)
                try await eventually { tasks.tasks.map(\.value.title) == ["Buy milk"] }
                try await phone.remove()
            }
        }

        @Test func a_draft_is_kept_while_others_change_the_task() async throws {
            try await withServer { server in
                let (phone, tablet) = try await Phone.pair(server, sharing: "Buy milk")
                let detail = phone.workspace.detail(try await phone.task().id)
                let running = Task { await detail.run() }
                try await eventually { detail.title == "Buy milk" }
                #expect(!detail.hasChanges && detail.explanation == Message("explain_synced"))
                detail.notes = "the blue one"
                await tablet.workspace.tasks.toggle(try await tablet.task())
                await tablet.workspace.debug.forceSync()
                await phone.workspace.status.sync()
                try await eventually { detail.stored?.value.isCompleted == true }
                #expect(detail.notes == "the blue one" && detail.hasChanges)
                await detail.save()
                try await eventually { !detail.hasChanges && detail.stored?.status == .synced }
                await detail.toggle()
                try await eventually { detail.stored?.value.isCompleted == false }
                await detail.delete()
                try await eventually { detail.isGone }
                running.cancel()
                try await phone.remove()
                try await tablet.remove()
            }
        }

        @Test(
            arguments: [
                (30, Message("time_now")), (-5, Message("time_now")), (60, Message("time_minutes", .number(1))),
                (7_200, Message("time_hours", .number(2))), (200_000, Message("time_days", .number(2))),
            ] as [(Double, Message)])
        func a_sync_is_told_by_its_age(seconds: Double, told: Message) {
            let now = Date(timeIntervalSince1970: 1_800_000_000)
            #expect(Message(ageOf: now - seconds, at: now) == told)
        }
    }
}

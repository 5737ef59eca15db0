import Holm
import Testing

@testable import HolmDemoModels

extension DemoSuite {
    /// Two phones of one person, a task that both change, and the three ways out.
    @MainActor @Suite struct Conflicts {
        /// Both phones rename the task, and the first says something in its notes; the other one's change reaches the
        /// server first.
        private func quarrel(_ story: @MainActor (Phone, Phone, TodoConflict) async throws -> Void) async throws {
            try await withServer { server in
                let (phone, tablet) = try await Phone.pair(server, sharing: "Buy milk")
                await phone.goOffline()
                try await phone.edit { ($0.title, $0.notes) = ("Buy oat milk", "the blue one") }
                try await tablet.edit { $0.title = "Buy soy milk" }
                await tablet.workspace.tasks.toggle(try await tablet.task())
                await tablet.workspace.debug.forceSync()
                #expect(phone.workspace.conflicts.conflicts.isEmpty)

                phone.workspace.debug.simulateOffline(false)
                let conflicts = phone.workspace.conflicts
                let conflict = try await eventually { conflicts.conflicts.first }
                try await story(phone, tablet, conflict)
                try await phone.remove()
                try await tablet.remove()
            }
        }

        /// Both phones have the task like this in the end, and nothing is left to decide or to send.
        private func expect(
            _ phones: Phone..., title: String, notes: String, isCompleted: Bool
        ) async throws {
            for phone in phones { await phone.workspace.debug.forceSync() }
            for phone in phones {
                let todo = try await phone.task { $0.value.title == title && $0.status == .synced }
                #expect(todo.notes == notes)
                #expect(todo.isCompleted == isCompleted)
                #expect(phone.workspace.conflicts.conflicts.isEmpty)
                let tasks = phone.workspace.tasks
                try await eventually { tasks.unsynced == 0 }
            }
        }

        @Test func both_sides_are_shown_and_the_task_says_what_is_wrong() async throws {
            try await quarrel { phone, _, conflict in
                #expect(conflict.title == "Buy oat milk")
                #expect(conflict.mine?.title == "Buy oat milk" && conflict.server?.title == "Buy soy milk")
                let differing = TodoField.allCases.filter(conflict.differs)
                #expect(differing == [.title, .notes], "what only the other changed is in mine, too")
                #expect(conflict.canMerge)
                let detail = phone.workspace.detail(try await phone.task().id)
                let running = Task { await detail.run() }
                try await eventually { detail.explanation == Message("explain_conflict") }
                running.cancel()
                let (status, tasks) = (phone.workspace.status, phone.workspace.tasks)
                try await eventually { status.state?.conflicts == 1 && tasks.unsynced == 1 }
            }
        }

        @Test func keep_mine() async throws {
            try await quarrel { phone, tablet, conflict in
                await phone.workspace.conflicts.keepMine(conflict)
                #expect(phone.workspace.conflicts.message == nil)
                try await expect(phone, tablet, title: "Buy oat milk", notes: "the blue one", isCompleted: true)
            }
        }

        @Test func use_server() async throws {
            try await quarrel { phone, tablet, conflict in
                await phone.workspace.conflicts.useServer(conflict)
                try await expect(phone, tablet, title: "Buy soy milk", notes: "", isCompleted: true)
            }
        }

        @Test func merge_by_field() async throws {
            try await quarrel { phone, tablet, conflict in
                let conflicts = phone.workspace.conflicts
                conflicts.choices[.title] = .server
                await conflicts.mergeByField(conflict)
                #expect(conflicts.choices.isEmpty)
                try await expect(phone, tablet, title: "Buy soy milk", notes: "the blue one", isCompleted: true)
            }
        }

        @Test func a_task_that_was_deleted_elsewhere_can_only_be_kept_or_let_go() async throws {
            try await withServer { server in
                let (phone, tablet) = try await Phone.pair(server, sharing: "Buy milk")
                await phone.goOffline()
                try await phone.edit { $0.title = "Buy oat milk" }
                await tablet.workspace.tasks.delete(try await tablet.task())
                await tablet.workspace.debug.forceSync()
                phone.workspace.debug.simulateOffline(false)
                let conflicts = phone.workspace.conflicts
                let conflict = try await eventually { conflicts.conflicts.first }
                #expect(conflict.server == nil && !conflict.canMerge)
                await conflicts.mergeByField(conflict)
                #expect(conflicts.conflicts.count == 1)
                await conflicts.keepMine(conflict)
                await phone.workspace.debug.forceSync()
                await tablet.workspace.debug.forceSync()
                try await tablet.task { $0.value.title == "Buy oat milk" }
                try await phone.remove()
                try await tablet.remove()
            }
        }
    }
}

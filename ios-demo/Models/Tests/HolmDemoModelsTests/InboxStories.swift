import Holm
import Testing

@testable import HolmDemoModels

extension DemoSuite {
    /// What the server refuses: here, a title of more than 80 characters.
    @MainActor @Suite struct Inbox {
        private let tooLong = String(repeating: "milk ", count: 20) + "!"

        /// A task that both sides have is given a title that the server refuses.
        private func refusal(_ story: @MainActor (Phone, ParkedWrite) async throws -> Void) async throws {
            try await withServer { server in
                let phone = try await Phone.signedUp(server)
                await phone.workspace.tasks.create("Buy milk")
                await phone.workspace.debug.forceSync()
                try await phone.edit { $0.title = tooLong }
                let inbox = phone.workspace.inbox
                let parked = try await eventually { inbox.parked.first }
                try await story(phone, parked)
                try await eventually { inbox.parked.isEmpty }
                let (status, tasks) = (phone.workspace.status, phone.workspace.tasks)
                try await eventually { status.state?.parked == 0 && tasks.unsynced == 0 }
                try await phone.remove()
            }
        }

        @Test func a_refused_change_waits_with_its_reason_also_after_a_restart() async throws {
            try await withServer { server in
                let phone = try await Phone.signedUp(server)
                await phone.workspace.tasks.create(tooLong)
                let tasks = phone.workspace.tasks
                try await eventually { tasks.tasks.first?.status == .failed }
                try await phone.restart()
                let (inbox, status) = (phone.workspace.inbox, phone.workspace.status)
                let parked = try await eventually { inbox.parked.first }
                #expect(inbox.parked.count == 1)
                #expect(parked.kind == Message("inbox_kind_create"))
                #expect(parked.todo?.title == tooLong)
                #expect(parked.reason.key == "inbox_reason")
                #expect(parked.reason.arguments.first?.contains("title") == true, "the field is named")
                try await eventually { status.state?.parked == 1 }
                try await phone.remove()
            }
        }

        @Test func it_is_repaired_by_an_edit() async throws {
            try await refusal { phone, parked in
                #expect(parked.kind == Message("inbox_kind_update"))
                await phone.workspace.inbox.editAndRetry(parked, title: " Buy oat milk ", notes: "the blue one")
                let todo = try await phone.task { $0.status == .synced }
                #expect(todo.title == "Buy oat milk")
                #expect(todo.notes == "the blue one")
            }
        }

        @Test func it_is_taken_back_by_discarding_it() async throws {
            try await refusal { phone, parked in
                await phone.workspace.inbox.discard(parked)
                let todo = try await phone.task { $0.status == .synced }
                #expect(todo.title == "Buy milk")
            }
        }

        @Test func sent_again_as_it_is_it_is_refused_again() async throws {
            try await refusal { phone, parked in
                let inbox = phone.workspace.inbox
                await inbox.retry(parked)
                try await eventually { inbox.parked.isEmpty }
                await phone.workspace.debug.forceSync()
                let again = try await eventually { inbox.parked.first }
                #expect(again.id == parked.id)
                await inbox.discard(again)
            }
        }
    }
}

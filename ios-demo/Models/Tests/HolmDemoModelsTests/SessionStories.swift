import Foundation
import Holm
import Testing

@testable import HolmDemoModels

extension DemoSuite {
    /// Signing in and out.
    @MainActor @Suite struct Sessions {
        @Test func a_wrong_password_is_told_in_words() async throws {
            try await withServer { server in
                let owner = try await Phone.signedUp(server)
                let phone = try Phone(server)
                phone.session.password = "wrong"
                #expect(phone.session.canSignIn)
                await phone.session.signIn()
                #expect(phone.session.message == Message("sign_in_wrong"))
                #expect(phone.session.workspace == nil && phone.session.account == nil)
                await phone.session.signUp()
                #expect(phone.session.message?.key == "error_general", "the account is there already")
                phone.session.dismiss()
                #expect(phone.session.message == nil)
                phone.session.password = " "
                #expect(!phone.session.canSignIn)
                try await owner.remove()
                try await phone.remove()
            }
        }

        @Test func a_server_that_is_gone_and_an_address_that_is_none_are_told_in_words() async throws {
            try await withServer { server in
                let phone = try Phone(server)
                server.stop()
                await phone.session.signIn()
                #expect(phone.session.message == Message("error_offline"))
                phone.session.server = "no address"
                await phone.session.signIn()
                #expect(phone.session.message?.key == "error_general")
                try await phone.remove()
            }
        }

        @Test func a_session_survives_a_restart_and_tasks_survive_a_sign_out() async throws {
            try await withServer { server in
                let phone = try await Phone.signedUp(server)
                await phone.workspace.tasks.create("Buy milk")
                try await phone.restart()
                #expect(phone.session.account == "ada@example.com")
                try await phone.task()

                await phone.goOffline()
                await phone.workspace.tasks.create("Feed the cat")
                await phone.session.signOut()
                #expect(phone.session.workspace == nil && phone.session.account == nil)
                try await phone.restart()
                #expect(phone.session.workspace == nil, "it stays signed out")
                #expect(phone.session.isStarted)

                (phone.session.email, phone.session.password) = ("eve@example.com", "password of eve")
                await phone.session.signUp()
                #expect(phone.session.message == Message("sign_in_other_account"))
                (phone.session.email, phone.session.password) = ("ada@example.com", "correct horse")
                await phone.session.signIn()
                try phone.run()
                let tasks = phone.workspace.tasks
                try await eventually { tasks.tasks.map(\.value.title) == ["Feed the cat", "Buy milk"] }
                try await eventually { tasks.unsynced == 0 }
                try await phone.remove()
            }
        }

        @Test func another_server_has_another_store() async throws {
            try await withServer { first in
                try await withServer { second in
                    let phone = try await Phone.signedUp(first)
                    await phone.workspace.tasks.create("Buy milk")
                    await phone.session.signOut()
                    phone.session.server = second.url
                    phone.session.password = "correct horse"
                    await phone.session.signUp()
                    try phone.run()
                    let tasks = phone.workspace.tasks
                    try await eventually { tasks.isEmpty }
                    try await phone.remove()
                }
            }
        }
    }
}

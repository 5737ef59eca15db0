import Holm
import Testing

extension HolmSuite {
    /// Signing in and out.
    @Suite struct Accounts {
        @Test func a_session_survives_a_restart_and_ends_with_a_sign_out() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                let user = try #require(device.holm.userID)
                #expect(!user.isEmpty)
                try await device.restart()
                #expect(device.holm.userID == user)
                #expect(try await device.holm.signOut() == 0)
                #expect(device.holm.userID == nil)
                #expect(!device.holm.isSignedIn)
                #expect(await failure { try await device.holm.sync() }?.code == .signedOut)
                #expect(try await device.holm.signIn(email: "a@example.com", password: "correct horse") == user)
                try await device.holm.sync()
            }
        }

        @Test func wrong_words_are_refused_with_the_servers_reason() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                let wrong = await failure { try await device.holm.signIn(email: "a@example.com", password: "wrong") }
                #expect(wrong?.code == .unauthorized)
                let again = await failure { try await device.holm.signUp(email: "a@example.com", password: "again 12") }
                #expect(again?.code == .refused)
                #expect(again?.serverCode?.isEmpty == false)
            }
        }

        @Test func a_wipe_waits_for_unsent_writes_unless_told_otherwise() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                try await device.todos.create(Todo(title: "unsent"))
                #expect(await failure { try await device.holm.signOut(.wipe) }?.code == .pendingWrites)
                #expect(try await device.todos.count() == 1)
                #expect(device.holm.isSignedIn)
                #expect(try await device.holm.signOut(.wipeDiscardingPending) == 1)
                #expect(try await device.todos.count() == 0)
            }
        }

        @Test func f42_the_data_of_one_account_is_not_shown_to_another() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                try await device.todos.create(Todo(title: "of a"))
                #expect(try await device.holm.signOut(.keep) == 1)
                let (email, password) = ("b@example.com", "password of b")
                let error = await failure { try await device.holm.signUp(email: email, password: password) }
                #expect(error?.code == .accountMismatch)
                #expect(!device.holm.isSignedIn)
                try await device.holm.signOut(.wipeDiscardingPending)
                try await device.holm.signIn(email: email, password: password)
                #expect(try await device.todos.count() == 0)
            }
        }

        @Test func a_token_of_the_app_counts_as_signed_in_without_an_account() async throws {
            try await withServer { server in
                let scratch = try Scratch()
                let holm = try await Holm.open(
                    HolmConfiguration(baseURL: server.url, storage: .directory(scratch.url), autoSync: false))
                try await holm.setToken("a token the server does not know")
                #expect(holm.isSignedIn)
                #expect(holm.userID == nil)
                #expect(await failure { try await holm.sync() }?.code == .unauthorized)
            }
        }

        @Test func without_a_server_there_are_no_accounts() async throws {
            let holm = try await openInMemory()
            #expect(await failure { try await holm.signIn(email: "a", password: "b") }?.code == .invalidConfig)
            #expect(await failure { try await holm.setToken("x") }?.code == .invalidConfig)
            #expect(await failure { try await holm.sync() }?.code == .invalidConfig)
        }
    }
}

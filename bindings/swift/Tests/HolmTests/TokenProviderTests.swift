import Foundation
import Holm
import Testing

extension HolmSuite {
    /// Tokens that the app's own sign-in renews.
    @Suite struct TokenProviders {
        @Test func a_token_that_has_ended_is_renewed_by_the_app() async throws {
            try await withServer { server in
                let token = try await newToken(server)
                let given = Given { token }
                let holm = try await ended(server, given)
                #expect(try await holm.sync().pushed == 1)
                #expect(given.asked == 1)
                try await holm.sync()
                #expect(given.asked == 1, "the new token is kept")
            }
        }

        @Test func a_provider_that_throws_is_told_by_its_type_alone() async throws {
            try await withServer { server in
                let holm = try await ended(server, Given { throw NoNetwork() })
                let error = await failure { try await holm.sync() }
                #expect(error?.code == .tokenUnavailable)
                #expect(error?.message.contains("NoNetwork") == true && error?.message.contains("secret") == false)
                #expect(error?.isRetryable == true)
            }
        }

        @Test func a_user_who_signed_out_elsewhere_is_signed_out_here() async throws {
            try await withServer { server in
                let holm = try await ended(server, Given { nil })
                #expect(await failure { try await holm.sync() }?.code == .unauthorized)
                #expect(try await holm.status().pending == 1)
            }
        }

        /// A client with a token that the server does not know any more, and one write that waits.
        private func ended(_ server: TestServer, _ provider: Given) async throws -> Holm {
            let holm = try await Holm.open(
                HolmConfiguration(
                    baseURL: server.url, storage: .inMemory, collections: [Todo.collection], tokenProvider: provider,
                    autoSync: false))
            try await holm.setToken("a token that has ended")
            try await holm.collection(Todo.self).create(Todo(title: "kept"))
            return holm
        }

        /// A token of a new account.
        private func newToken(_ server: TestServer) async throws -> String {
            let secrets = KeptSecrets()
            let holm = try await Holm.open(
                HolmConfiguration(
                    baseURL: server.url, storage: .inMemory, secrets: .custom(secrets), autoSync: false))
            try await holm.signUp(email: "token@example.com", password: "correct horse")
            let name = try #require(secrets.names.first)
            let kept = try secrets.secret(name)
            let session = try #require(kept)
            let fields = try JSONSerialization.jsonObject(with: Data(session.utf8)) as? [String: Any]
            return try #require(fields?["token"] as? String)
        }

        private struct NoNetwork: Error, CustomStringConvertible {
            let description = "a secret token"
        }
    }
}

/// What the app's sign-in answers, and how often it was asked.
private final class Given: HolmTokenProvider, @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0
    private let answer: @Sendable () async throws -> String?

    init(_ answer: @escaping @Sendable () async throws -> String?) {
        self.answer = answer
    }

    var asked: Int { lock.withLock { count } }

    func token() async throws -> String? {
        lock.withLock { count += 1 }
        return try await answer()
    }
}

import Foundation
import Testing

@testable import Holm

extension HolmSuite {
    /// Where the secrets of a session rest.
    @Suite struct Secrets {
        @Test func a_session_rests_in_the_apps_own_store_and_outlives_the_client() async throws {
            try await withServer { server in
                let (store, scratch) = (KeptSecrets(), try Scratch())
                let configuration = HolmConfiguration(
                    baseURL: server.url, storage: .directory(scratch.url), collections: [Todo.collection],
                    secrets: .custom(store), autoSync: false)
                let first = try await Holm.open(configuration)
                let user = try await first.signUp(email: "a@example.com", password: "correct horse")
                #expect(store.names.count == 1)
                #expect(store.names.first?.hasPrefix("holm-session-") == true)
                try await first.close()

                let second = try await Holm.open(configuration)
                #expect(second.userID == user)
                try await second.signOut()
                #expect(store.names.isEmpty)
                #expect(store.calledOnMain == false, "the main thread never waits for a keychain")
            }
        }

        @Test func a_store_that_cannot_be_used_can_be_tried_again() async throws {
            let store = KeptSecrets()
            store.refusal = Locked()
            let configuration = HolmConfiguration(storage: .inMemory, secrets: .custom(store))
            let error = await failure { try await Holm.open(configuration) }
            #expect(error?.code == .storageUnavailable && error?.isRetryable == true)
            #expect(error?.message.contains("the phone is locked") == true)
            store.refusal = nil
            _ = try await Holm.open(configuration)
        }

        @Test func files_are_made_beside_the_data() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                let files = try FileManager.default.contentsOfDirectory(atPath: device.directory.path)
                #expect(files.contains("secrets"))
            }
        }

        private struct Locked: Error, CustomStringConvertible {
            let description = "the phone is locked"
        }
    }
}

/// A store of an app's own.
final class KeptSecrets: HolmSecretStore, @unchecked Sendable {
    private let lock = NSLock()
    private var secrets: [String: String] = [:]
    private var wasOnMain = false
    private var refused: (any Error)?

    var names: [String] { lock.withLock { secrets.keys.sorted() } }
    var calledOnMain: Bool { lock.withLock { wasOnMain } }
    var refusal: (any Error)? {
        get { lock.withLock { refused } }
        set { lock.withLock { refused = newValue } }
    }

    private func with<T>(_ body: (inout [String: String]) -> T) throws -> T {
        try lock.withLock {
            wasOnMain = wasOnMain || Thread.isMainThread
            if let refused { throw refused }
            return body(&secrets)
        }
    }

    func secret(_ name: String) throws -> String? { try with { $0[name] } }
    func setSecret(_ secret: String, for name: String) throws { try with { $0[name] = secret } }
    func removeSecret(_ name: String) throws { try with { $0[name] = nil } }
}

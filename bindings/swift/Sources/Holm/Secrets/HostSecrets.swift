internal import HolmBindings

/// The app's store of secrets, as the core asks it.
final class HostSecrets: FfiSecretStore {
    private let store: any HolmSecretStore

    init(_ store: any HolmSecretStore) {
        self.store = store
    }

    func get(name: String) throws -> String? {
        try answering { try store.secret(name) }
    }

    func set(name: String, value: String) throws {
        try answering { try store.setSecret(value, for: name) }
    }

    func remove(name: String) throws {
        try answering { try store.removeSecret(name) }
    }

    /// The core understands one kind of error.
    private func answering<T>(_ work: () throws -> T) throws -> T {
        do {
            return try work()
        } catch {
            throw FfiSecretError.Unavailable(reason: String(describing: error))
        }
    }
}

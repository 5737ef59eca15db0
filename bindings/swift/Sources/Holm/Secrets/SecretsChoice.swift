import Foundation

extension HolmConfiguration {
    /// Where the secrets of a session rest.
    public struct Secrets: Sendable {
        enum Choice: Sendable {
            case automatic, files
            case keychain(service: String?, accessGroup: String?)
            case custom(any HolmSecretStore)
        }

        let choice: Choice

        /// In the Keychain where there is one, else in files. With storage in memory, in memory.
        public static let automatic = Self(choice: .automatic)

        /// In files beside the data that only this user may read. They are not encrypted: for desktops, tests and tools.
        /// With storage in memory, in memory.
        public static let files = Self(choice: .files)

        /// In a place of the app's own.
        public static func custom(_ store: any HolmSecretStore) -> Self {
            Self(choice: .custom(store))
        }

        #if canImport(Security)
            /// In the Keychain.
            ///
            /// - Parameters:
            ///   - service: The name under which the Keychain keeps them: one for each storage. `nil`: made of the
            ///     storage's name.
            ///   - accessGroup: A Keychain group that apps and extensions of a team share. `nil`: the app's own.
            public static func keychain(service: String? = nil, accessGroup: String? = nil) -> Self {
                Self(choice: .keychain(service: service, accessGroup: accessGroup))
            }
        #endif
    }
}

extension HolmConfiguration {
    /// The app's store of secrets; `nil`: the core's own, files or memory.
    ///
    /// The Keychain outlives an app that is deleted, its data does not: so that a new installation starts signed out,
    /// what the Keychain holds is forgotten where there is no data.
    ///
    /// - Parameter directory: Where the data is; `nil`: in memory.
    func secretStore(directory: String?) throws(HolmError) -> (any HolmSecretStore)? {
        switch secrets.choice {
        case .files: return nil
        case .custom(let store): return store
        case .automatic, .keychain:
            #if canImport(Security)
                if case .automatic = secrets.choice, directory == nil { return nil }
                let store = keychain
                if let directory, !FileManager.default.fileExists(atPath: directory + "/holm.db") {
                    do {
                        try store.removeAll()
                    } catch {
                        throw HolmError(
                            code: .storageUnavailable, message: "the Keychain cannot be used: \(error)",
                            recovery: "Try again; on iOS this happens before the first unlock.", isRetryable: true)
                    }
                }
                return store
            #else
                return nil
            #endif
        }
    }

    #if canImport(Security)
        private var keychain: KeychainSecretStore {
            var (service, group): (String?, String?) = (nil, nil)
            if case .keychain(let given, let shared) = secrets.choice { (service, group) = (given, shared) }
            return KeychainSecretStore(service: service ?? "dev.holm.\(storage.name)", accessGroup: group)
        }
    #endif
}

extension HolmConfiguration.Storage {
    /// A name that stays when the system moves an app's container.
    var name: String {
        switch self {
        case .appSupport(let name): name
        case .directory(let url): url.lastPathComponent
        case .inMemory: "memory"
        }
    }
}

#if canImport(Security)
    import Foundation
    import Security

    /// Secrets in the Keychain of this device: readable after the first unlock, so that background work can use them, and
    /// never a part of a backup that goes to another device.
    public struct KeychainSecretStore: HolmSecretStore {
        /// The name under which the Keychain keeps them.
        public let service: String

        /// A Keychain group that apps and extensions of a team share; `nil`: the app's own.
        public let accessGroup: String?

        /// A store under this name. The Keychain is not touched.
        public init(service: String, accessGroup: String? = nil) {
            self.service = service
            self.accessGroup = accessGroup
        }

        /// The Keychain's refusal.
        public struct Failure: Error, Hashable, CustomStringConvertible {
            /// What the Keychain answered, for example `errSecInteractionNotAllowed` before the first unlock.
            public let status: OSStatus

            /// The status and the system's words for it.
            public var description: String {
                let words = SecCopyErrorMessageString(status, nil) as String? ?? "no description"
                return "the Keychain answered \(status) (\(words))"
            }
        }

        /// As ``HolmSecretStore/secret(_:)``. Throws ``Failure``.
        public func secret(_ name: String) throws -> String? {
            var query = item(name)
            query[kSecReturnData as String] = true
            query[kSecMatchLimit as String] = kSecMatchLimitOne
            var found: CFTypeRef?
            let status = SecItemCopyMatching(query as CFDictionary, &found)
            if status == errSecItemNotFound { return nil }
            try Self.check(status)
            return (found as? Data).flatMap { String(data: $0, encoding: .utf8) }
        }

        /// As ``HolmSecretStore/setSecret(_:for:)``. Throws ``Failure``.
        public func setSecret(_ secret: String, for name: String) throws {
            let content: [String: Any] = [
                kSecValueData as String: Data(secret.utf8),
                kSecAttrAccessible as String: kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly,
            ]
            let updated = SecItemUpdate(item(name) as CFDictionary, content as CFDictionary)
            guard updated == errSecItemNotFound else { return try Self.check(updated) }
            let whole = item(name).merging(content) { _, new in new }
            let added = SecItemAdd(whole as CFDictionary, nil)
            // Another process was faster, perhaps an extension of the app.
            guard added == errSecDuplicateItem else { return try Self.check(added) }
            try Self.check(SecItemUpdate(item(name) as CFDictionary, content as CFDictionary))
        }

        /// As ``HolmSecretStore/removeSecret(_:)``. Throws ``Failure``.
        public func removeSecret(_ name: String) throws {
            try Self.checkRemoved(SecItemDelete(item(name) as CFDictionary))
        }

        /// Forgets all secrets under this service. Throws ``Failure``.
        public func removeAll() throws {
            try Self.checkRemoved(SecItemDelete(item(nil) as CFDictionary))
        }

        /// What names one secret, or all of them.
        private func item(_ name: String?) -> [String: Any] {
            var item: [String: Any] = [
                kSecClass as String: kSecClassGenericPassword,
                kSecAttrService as String: service,
            ]
            if let name { item[kSecAttrAccount as String] = name }
            if let accessGroup { item[kSecAttrAccessGroup as String] = accessGroup }
            return item
        }

        private static func check(_ status: OSStatus) throws {
            guard status == errSecSuccess else { throw Failure(status: status) }
        }

        private static func checkRemoved(_ status: OSStatus) throws {
            if status != errSecItemNotFound { try check(status) }
        }
    }
#endif

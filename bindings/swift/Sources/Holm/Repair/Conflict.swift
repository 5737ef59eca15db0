internal import HolmBindings

extension Holm {
    /// A document that was changed here and on the server, and that waits for a person: its collection has the strategy
    /// ``ConflictStrategy/prompt``, or a path that both changed has the rule `prompt`, or its collection's
    /// ``HolmConflictResolver`` had no decision.
    ///
    /// It survives restarts, and blocks nothing but its own document's way to the server.
    @dynamicMemberLookup
    public struct Conflict: Identifiable, Sendable {
        /// Its number.
        public let id: Int64
        /// What is known of it. Its members can be read of the conflict itself: `conflict.local`.
        public let details: ConflictDetails
        /// Why the collection's ``HolmConflictResolver`` has not decided it; `nil` if it was not to.
        public let resolverFault: ResolverFault?

        private let holm: Holm

        /// A member of ``details``.
        public subscript<T>(dynamicMember member: KeyPath<ConflictDetails, T>) -> T {
            details[keyPath: member]
        }

        /// Resolves the conflict and queues what is left to send. What loses goes to the ``Holm/journal(limit:)``.
        ///
        /// - Throws: ``HolmError``: `NOT_FOUND` if it is not open any more, `INVALID_DOCUMENT`, and those of storage.
        public func resolve(_ resolution: Resolution) async throws(HolmError) {
            let resolution = try resolution.translated(holm.coding)
            try await translating { [ffi = holm.ffi, id] in
                try await ffi.resolveConflict(id: id, resolution: resolution)
            }
        }

        fileprivate init(_ conflict: FfiConflict, _ holm: Holm) throws(HolmError) {
            if let name = conflict.resolverFault {
                guard let fault = ResolverFault(rawValue: name) else {
                    throw .internal("a resolver has not decided because of \(name)")
                }
                resolverFault = fault
            } else {
                resolverFault = nil
            }
            id = conflict.id
            details = ConflictDetails(conflict, holm.coding)
            self.holm = holm
        }
    }

    /// Why a person is asked about a conflict that the collection's ``HolmConflictResolver`` should have decided.
    public enum ResolverFault: String, CaseIterable, Hashable, Sendable {
        /// It has no decision: it returned `nil`, or it threw.
        case noDecision
        /// The call of it ended in a way that Holm does not know.
        case panicked
        /// It took longer than five seconds for its two answers.
        case tooSlow
        /// Its two decisions about the same conflict were different.
        case notDeterministic
        /// The document that it chose cannot be stored.
        case invalidDocument
        /// The document changed each time while it was asked.
        case keepsChanging
        /// The collection has no resolver any more.
        case missing
    }

    /// What a person, or a ``HolmConflictResolver``, decides about a conflict.
    public struct Resolution: Sendable {
        private enum Choice: Sendable {
            case keepLocal, keepServer, merge
            case document(any Encodable & Sendable)
        }

        private let choice: Choice

        /// What was changed here stands.
        public static let keepLocal = Self(choice: .keepLocal)
        /// The server's document stands.
        public static let keepServer = Self(choice: .keepServer)
        /// Field by field; a field that both changed goes to the later edit. An edit outlives a delete.
        public static let merge = Self(choice: .merge)
        /// This stands: a document of the app's type, or ``JSON``.
        public static func document(_ document: some Encodable & Sendable) -> Self {
            Self(choice: .document(document))
        }

        func translated(_ coding: Coding) throws(HolmError) -> FfiResolution {
            switch choice {
            case .keepLocal: .keepLocal
            case .keepServer: .keepServer
            case .merge: .merge
            case .document(let document): .document(json: try coding.text(document))
            }
        }
    }

    /// Conflicts that wait for a person, oldest first. ``Status/conflicts`` tells when to look.
    ///
    /// - Throws: ``HolmError``: `SUSPENDED`, `CLOSED`, and those of storage.
    public func conflicts() async throws(HolmError) -> [Conflict] {
        var conflicts: [Conflict] = []
        for conflict in try translating({ try ffi.conflicts() }) { conflicts.append(try Conflict(conflict, self)) }
        return conflicts
    }
}

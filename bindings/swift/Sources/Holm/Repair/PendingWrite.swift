import Foundation
internal import HolmBindings

extension Holm {
    /// A write that the server has not accepted yet.
    public struct PendingWrite: Identifiable, Sendable {
        /// What a write does.
        public enum Kind: String, CaseIterable, Hashable, Sendable {
            /// Makes the document.
            case create
            /// Changes fields of it.
            case update
            /// Deletes it.
            case delete
            /// Calls an action of the server: ``Holm/action(_:of:in:parameters:)``.
            case action
        }

        /// Where a write is on its way.
        public enum State: String, CaseIterable, Hashable, Sendable {
            /// It waits for its turn.
            case queued
            /// A request that carries it is out.
            case inFlight
            /// The server refused it; it waits for ``PendingWrite/retry()`` or ``PendingWrite/discard()``.
            case parked
            /// Its document has a conflict that waits for a person.
            case conflict
        }

        /// Why the server refused a write.
        public struct Refusal: Hashable, Sendable {
            /// The server's code, for example `VALIDATION_ERROR`.
            public let code: String
            /// The server's message.
            public let message: String
            /// What the server says of single fields, by name.
            public let fields: [String: JSON]
        }

        /// What an action calls.
        public struct Action: Hashable, Sendable {
            /// The action's name.
            public let name: String
            /// What the action is given.
            public let parameters: JSON
        }

        /// The operation's id.
        public let id: String
        /// The collection's name.
        public let collection: String
        /// The document's id.
        public let documentID: String
        /// What it does.
        public let kind: Kind
        /// Where it is.
        public let state: State
        /// How often the server has answered it with an error of its own.
        public let attempts: Int
        /// Why it failed last.
        public let refusal: Refusal?
        /// What it changes, as a patch: `{"title":"x","visits":{"$inc":1}}`. Empty for a delete, and for a create whose
        /// content is the document itself.
        public let changes: JSON
        /// What it calls, if it is an action.
        public let action: Action?
        /// When it was made, in the server's time.
        public let madeAt: Date

        private let holm: Holm

        /// Sends a parked write again, its group with it, together with what was edited in its document since: that is how a refused write
        /// is repaired.
        ///
        /// - Throws: ``HolmError``: `NOT_FOUND` if it is not parked, and those of storage.
        public func retry() async throws(HolmError) {
            try await translating { [ffi = holm.ffi, id] in try await ffi.retry(opId: id) }
        }

        /// Gives up a write that is parked, in a conflict, or has never been sent, and its group with it: the ``Holm/journal(limit:)``
        /// keeps what it held, and the document goes back to the server's state with what else is pending. Giving up a
        /// create gives up the document.
        ///
        /// - Throws: ``HolmError``: `NOT_FOUND` if it is none of these, since the server may have what was sent; and those of
        ///   storage.
        public func discard() async throws(HolmError) {
            try await translating { [ffi = holm.ffi, id] in try await ffi.discard(opId: id) }
        }

        fileprivate init(_ operation: FfiOperation, _ holm: Holm) throws(HolmError) {
            guard let kind = Kind(rawValue: operation.kind), let state = State(rawValue: operation.state) else {
                throw .internal("an operation is \(operation.kind) and \(operation.state)")
            }
            id = operation.opId
            collection = operation.collection
            documentID = operation.docId
            self.kind = kind
            self.state = state
            attempts = Int(operation.attempts)
            if let code = operation.errorCode {
                let fields = try JSONReader.read(operation.errorDetails).object ?? [:]
                refusal = Refusal(code: code, message: operation.errorMessage ?? "", fields: fields)
            } else {
                refusal = nil
            }
            changes = try JSONReader.read(operation.changes)
            if let action = operation.action {
                self.action = Action(name: action.name, parameters: try JSONReader.read(action.params))
            } else {
                action = nil
            }
            madeAt = Date(milliseconds: operation.madeMs)
            self.holm = holm
        }
    }
}

extension Holm {
    /// Writes that the server has not accepted yet, oldest first, at most `limit`.
    ///
    /// - Throws: ``HolmError``: `SUSPENDED`, `CLOSED`, and those of storage.
    public func pendingWrites(limit: Int = 1_000) async throws(HolmError) -> [PendingWrite] {
        try pending(try translating { try ffi.pending(limit: UInt32(clamping: limit)) })
    }

    /// Writes that the server refused and that wait for a decision, oldest first. ``Status/parked`` tells when to look.
    ///
    /// - Throws: ``HolmError``: `SUSPENDED`, `CLOSED`, and those of storage.
    public func parkedWrites() async throws(HolmError) -> [PendingWrite] {
        try pending(try translating { try ffi.parked() })
    }

    private func pending(_ operations: [FfiOperation]) throws(HolmError) -> [PendingWrite] {
        var writes: [PendingWrite] = []
        for operation in operations { writes.append(try PendingWrite(operation, self)) }
        return writes
    }
}

internal import HolmBindings

extension Holm {
    /// Identifies a committed write: its document and its queued operation.
    public struct Receipt: Hashable, Codable, Sendable {
        /// The document.
        public let documentID: String

        /// The operation that carries the write to the server, for ``Holm/confirmed(_:)``. Writes that
        /// were joined share one. `nil` if nothing was changed.
        public let operationID: String?
    }

    /// How a write ended.
    public enum WriteOutcome: Hashable, Sendable {
        /// The server has accepted it; the document's version there, if it is known.
        case accepted(version: Int64?)
        /// It changed nothing, so nothing was sent.
        case unchanged
        /// It was undone before the server had it: its document was deleted again, or its confirmation failed. A write
        /// that was joined with another one shares that one's outcome.
        case withdrawn
        /// A conflict was resolved for the other side; the ``Holm/journal(limit:)`` has the values.
        case overridden
        /// The app gave it up; the ``Holm/journal(limit:)`` has the values.
        case discarded
        /// The server refused it: it waits for a decision, see ``Holm/parkedWrites()``.
        case parked
    }
}

extension Holm.Receipt {
    init(_ receipt: FfiReceipt) {
        self.init(documentID: receipt.docId, operationID: receipt.opId)
    }

    static func unchanged(_ id: String) -> Self {
        Self(documentID: id, operationID: nil)
    }
}

extension Holm.WriteOutcome {
    init(_ outcome: FfiWriteOutcome) {
        switch outcome {
        case .accepted(let version): self = .accepted(version: version)
        case .withdrawn: self = .withdrawn
        case .overridden: self = .overridden
        case .discarded: self = .discarded
        case .parked: self = .parked
        }
    }
}

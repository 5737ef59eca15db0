internal import HolmBindings

extension Holm {
    /// How an action ended.
    public struct ActionResult: Hashable, Sendable {
        /// As of a write: accepted by the server, parked with its refusal, discarded.
        public let outcome: WriteOutcome
        /// What the server's action returned; `nil` if it was not accepted.
        public let value: JSON?
    }

    /// Calls an action of the server: a named call that is no create, update or delete.
    ///
    /// ```swift
    /// let receipt = try await holm.action("print", of: story.id, in: "stories", parameters: ["copies": 2])
    /// let page = try await holm.result(of: receipt).value
    /// ```
    ///
    /// It is queued like a write: sent when there is a network, after the earlier writes of its document, tried again until
    /// the server has answered, carried out once, and parked if the server refuses it. Returns after the commit; cancelling
    /// the task does not take the action back.
    ///
    /// - Parameters:
    ///   - name: The action's name: a letter, then at most 63 letters, digits and `_`.
    ///   - documentID: The document that it is about, of `collection`; `nil`: none.
    ///   - collection: The collection that it is about; `nil`: none.
    ///   - parameters: What the action is given.
    /// - Throws: ``HolmError``: `INVALID_NAME`, `INVALID_DOCUMENT`, `DOCUMENT_TOO_LARGE`, and those of storage.
    @discardableResult
    public func action(
        _ name: String, of documentID: String? = nil, in collection: String? = nil, parameters: JSON = [:]
    ) async throws(HolmError) -> Receipt {
        Receipt(
            try await translating { [ffi] in
                try await ffi.action(name: name, collection: collection, docId: documentID, params: parameters.text)
            })
    }

    /// Waits until an action has ended, and what it returned. See ``result(ofOperation:)``.
    ///
    /// - Throws: As that.
    public func result(of receipt: Receipt) async throws(HolmError) -> ActionResult {
        guard let operation = receipt.operationID else { return ActionResult(outcome: .unchanged, value: nil) }
        return try await result(ofOperation: operation)
    }

    /// Waits until an action has ended, and what it returned. Works after a restart, too, with the same
    /// ``Receipt/operationID``: keep that with what waits for the result. A parked action counts as ended. Cancelling the
    /// task gives up waiting.
    ///
    /// The newest 10,000 results and outcomes are kept. An older action reads as accepted, and its value is `nil`.
    ///
    /// - Throws: ``HolmError``: `NOT_FOUND` if this store has never made such an operation, `CANCELLED`, `CLOSED`, and
    ///   those of storage.
    public func result(ofOperation operationID: String) async throws(HolmError) -> ActionResult {
        let ended = try await cancellable { [ffi] cancel in
            try await ffi.actionResult(opId: operationID, cancel: cancel)
        }
        var value: JSON?
        if let result = ended.result { value = try JSONReader.read(result) }
        return ActionResult(outcome: WriteOutcome(ended.outcome), value: value)
    }
}

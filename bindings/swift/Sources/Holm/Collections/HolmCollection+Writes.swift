extension HolmCollection {
    /// Makes a document.
    ///
    /// - Throws: `ALREADY_EXISTS`, `INVALID_DOCUMENT`, `DOCUMENT_TOO_LARGE`, `INVALID_NAME` for an id that is none.
    @discardableResult
    public func create(_ document: Document) async throws(HolmError) -> Holm.Receipt {
        try await access.create(try access.coding.text(document), id: document.id)
    }

    /// Makes many documents in one transaction: all or none. Much faster than one by one.
    ///
    /// - Throws: As ``create(_:)``.
    @discardableResult
    public func create(contentsOf documents: some Collection<Document>) async throws(HolmError) -> [Holm.Receipt] {
        var texts: [String] = []
        texts.reserveCapacity(documents.count)
        for document in documents { texts.append(try access.coding.text(document)) }
        return try await access.createAll(texts)
    }

    /// Changes fields of a document.
    ///
    /// - Throws: `NOT_FOUND`; `EVICTED` if its content was given up (fetch it first); `DOCUMENT_TOO_LARGE`;
    ///   `INVALID_DOCUMENT` for a change that does not fit the field, such as an increment of a text.
    @discardableResult
    public func update(_ id: String, _ patch: Holm.Patch) async throws(HolmError) -> Holm.Receipt {
        try await access.update(id, patch: try patch.text(access.coding))
    }

    /// Changes a document in place: reads it, lets `change` work on it, and writes the fields that became different.
    ///
    /// ```swift
    /// try await todos.update(id) { $0.title = "Buy oat milk" }
    /// ```
    ///
    /// Fields that the type does not know stay as they are. To count or to edit a set, prefer the operations of
    /// ``Holm/Change``, which two devices can do at once. The closure runs where the caller is.
    ///
    /// - Throws: `NOT_FOUND`; `EVICTED` if its content was given up (fetch it first); `INVALID_DOCUMENT`,
    ///   `DOCUMENT_TOO_LARGE`.
    @discardableResult
    public func update(
        _ id: String, isolation: isolated (any Actor)? = #isolation, _ change: (inout Document) -> Void
    ) async throws(HolmError) -> Holm.Receipt {
        guard let old = try access.get(id, decode)?.value else {
            // Fails with `NOT_FOUND` or `EVICTED`; if the document has come meanwhile, it is there now.
            _ = try await access.update(id, patch: "{}")
            return try await update(id, isolation: isolation, change)
        }
        var new = old
        change(&new)
        return try await update(from: old, to: new)
    }

    /// Sets one field of a document, as ``update(_:isolation:_:)`` does.
    ///
    /// ```swift
    /// try await todos.update(id, \.isCompleted, to: true)
    /// ```
    ///
    /// - Throws: As that.
    @discardableResult
    public func update<Value>(
        _ id: String, _ field: WritableKeyPath<Document, Value>, to value: Value,
        isolation: isolated (any Actor)? = #isolation
    ) async throws(HolmError) -> Holm.Receipt {
        try await update(id) { $0[keyPath: field] = value }
    }

    /// Writes what is different between two values of a document: what a form was opened with, and what it is closed
    /// with. What others changed in other fields meanwhile stays; where nothing is different, nothing is written.
    ///
    /// - Throws: `NOT_FOUND`, `EVICTED`, `DOCUMENT_TOO_LARGE`; `INVALID_DOCUMENT`, also if the ids differ.
    @discardableResult
    public func update(from old: Document, to new: Document) async throws(HolmError) -> Holm.Receipt {
        guard let patch = try Difference.patch(from: old, to: new, access.coding) else {
            return .unchanged(old.id)
        }
        return try await access.update(old.id, patch: patch)
    }

    /// Replaces a document's content. What is sent is the difference: from what is shown here, or from the version that
    /// the content was made of. Fields that the type does not know are gone afterwards.
    ///
    /// - Parameters:
    ///   - document: The new content.
    ///   - version: ``Holm/Stored/version`` of what the content was made of, for example when a form was opened: what
    ///     other devices have changed since stays. `nil`: what is shown now.
    /// - Throws: `NOT_FOUND`, `EVICTED`, `INVALID_DOCUMENT`, `DOCUMENT_TOO_LARGE`; `VERSION_MISMATCH` if this device
    ///   does not have that version any more.
    @discardableResult
    public func replace(
        _ document: Document, basedOn version: Int64? = nil
    ) async throws(HolmError) -> Holm.Receipt {
        try await access.replace(document.id, with: try access.coding.text(document), basedOn: version)
    }

    /// Deletes a document, also one whose content was given up: hidden at once, gone when the server has confirmed it.
    ///
    /// - Throws: `NOT_FOUND`.
    @discardableResult
    public func delete(_ id: String) async throws(HolmError) -> Holm.Receipt {
        try await access.delete(id)
    }
}

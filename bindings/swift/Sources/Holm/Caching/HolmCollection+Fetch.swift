extension HolmCollection {
    /// Reads a document under a cache policy; its value is `nil` if the document is nowhere.
    ///
    /// - Parameters:
    ///   - id: The document's id.
    ///   - policy: `nil`: that of the collection, see ``Holm/CacheOptions``.
    public func fetch(_ id: String, policy: Holm.CachePolicy? = nil) -> Holm.Fetch<Document?> {
        access.fetch(id, policy, decode)
    }

    /// Reads the documents that a query lets through, in its order, under a cache policy.
    ///
    /// - Parameters:
    ///   - query: Filter, order, window.
    ///   - policy: `nil`: that of the collection, see ``Holm/CacheOptions``.
    public func fetch(_ query: Holm.Query, policy: Holm.CachePolicy? = nil) -> Holm.Fetch<[Document]> {
        access.fetch(query, policy, decode)
    }

    /// A document under a cache policy: the first result of such a ``Holm/Fetch``.
    ///
    /// - Throws: As a ``Holm/Fetch``; `CANCELLED`.
    public func get(_ id: String, policy: Holm.CachePolicy) async throws(HolmError) -> Holm.Fetched<Document?> {
        try await fetch(id, policy: policy).first()
    }

    /// The documents that a query lets through, in its order, under a cache policy: the first result of such a
    /// ``Holm/Fetch``.
    ///
    /// - Throws: As a ``Holm/Fetch``; `CANCELLED`.
    public func query(
        _ query: Holm.Query, policy: Holm.CachePolicy
    ) async throws(HolmError) -> Holm.Fetched<[Document]> {
        try await fetch(query, policy: policy).first()
    }

    /// Keeps a document's content here, whatever the limits of the collection say. It may not be there yet.
    ///
    /// - Throws: `INVALID_NAME` for an id that is none.
    public func pin(_ id: String) async throws(HolmError) {
        try await access.pin(id)
    }

    /// Takes a pin away. Nothing happens if there is none.
    ///
    /// - Throws: `INVALID_NAME` for an id that is none.
    public func unpin(_ id: String) async throws(HolmError) {
        try await access.unpin(id)
    }
}

extension Holm.JSONCollection {
    /// Reads a document under a cache policy. See ``Holm/Fetch``.
    public func fetch(_ id: String, policy: Holm.CachePolicy? = nil) -> Holm.Fetch<Holm.JSON?> {
        access.fetch(id, policy, decode)
    }

    /// Reads the documents that a query lets through under a cache policy. See ``Holm/Fetch``.
    public func fetch(_ query: Holm.Query, policy: Holm.CachePolicy? = nil) -> Holm.Fetch<[Holm.JSON]> {
        access.fetch(query, policy, decode)
    }
}

extension Holm {
    /// A collection whose documents have no Swift type: for tools, migrations and tests. Otherwise as
    /// ``HolmCollection``.
    ///
    /// A document is a ``JSON`` object; its member `id` is the document's id.
    public struct JSONCollection: Sendable {
        let access: CollectionAccess

        /// The collection's name.
        public var name: String { access.name }

        var decode: CollectionAccess.Decode<JSON> {
            { (json, _) throws(HolmError) in try JSONReader.read(String(decoding: json, as: UTF8.self)) }
        }
    }

    /// A collection by its name. It is made at the first use if the store does not know it.
    public func collection(named name: String) -> JSONCollection {
        JSONCollection(access: CollectionAccess(self, name))
    }
}

extension Holm.JSONCollection {
    /// A document; `nil` if it is not there or deleted. See ``HolmCollection/getStored(_:)``.
    public func get(_ id: String) async throws(HolmError) -> Holm.Stored<Holm.JSON>? {
        try access.get(id, decode)
    }

    /// The documents that a query lets through, in its order. See ``HolmCollection/queryStored(_:)``.
    public func query(_ query: Holm.Query = Holm.Query()) async throws(HolmError) -> [Holm.Stored<Holm.JSON>] {
        try access.query(query, decode)
    }

    /// How many documents a query's filter lets through. See ``HolmCollection/count(_:)``.
    public func count(_ query: Holm.Query = Holm.Query()) async throws(HolmError) -> Int {
        try access.count(query)
    }

    /// One page of a query. See ``HolmCollection/page(_:after:)``.
    public func page(
        _ query: Holm.Query, after mark: Holm.PageMark? = nil
    ) async throws(HolmError) -> Holm.Page<Holm.JSON> {
        try access.page(query, after: mark, decode)
    }

    /// Watches a query. See ``HolmCollection/live(_:)``.
    public func live(_ query: Holm.Query = Holm.Query()) -> Holm.LiveQuery<Holm.JSON> {
        access.live(query, decode)
    }

    /// Makes a document under this id; without one, under the id in the document or a new one. See
    /// ``HolmCollection/create(_:)``.
    @discardableResult
    public func create(_ document: Holm.JSON, id: String? = nil) async throws(HolmError) -> Holm.Receipt {
        try await access.create(document.text, id: id)
    }

    /// Makes many documents in one transaction: all or none. See ``HolmCollection/create(contentsOf:)``.
    @discardableResult
    public func create(contentsOf documents: [Holm.JSON]) async throws(HolmError) -> [Holm.Receipt] {
        try await access.createAll(documents.map(\.text))
    }

    /// Changes fields of a document. See ``HolmCollection/update(_:_:)``.
    @discardableResult
    public func update(_ id: String, _ patch: Holm.Patch) async throws(HolmError) -> Holm.Receipt {
        try await access.update(id, patch: try patch.text(access.coding))
    }

    /// Replaces a document's content. See ``HolmCollection/replace(_:basedOn:)``.
    @discardableResult
    public func replace(
        _ id: String, with document: Holm.JSON, basedOn version: Int64? = nil
    ) async throws(HolmError) -> Holm.Receipt {
        try await access.replace(id, with: document.text, basedOn: version)
    }

    /// Deletes a document. See ``HolmCollection/delete(_:)``.
    @discardableResult
    public func delete(_ id: String) async throws(HolmError) -> Holm.Receipt {
        try await access.delete(id)
    }
}

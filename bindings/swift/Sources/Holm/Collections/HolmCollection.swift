/// A collection of documents of one type. Cheap to copy; may be used from any task and actor.
///
/// Reads are answered from the database on the device, in microseconds for a document and milliseconds for a long list,
/// away from the caller's actor. A read blocks a thread of Swift's pool for as long, and does not notice that its task
/// is cancelled. Writes return after the commit, and are queued for the server in the same transaction;
/// ``HolmConfiguration/Durability`` says what a commit survives. Cancelling the task takes neither back: a write
/// happens whole. In a collection that is ``Holm/Consistency/confirmed(timeout:)`` they return once the server has
/// accepted them; see there for what else can happen then.
///
/// Every call throws ``HolmError``: `SUSPENDED`, `CLOSED` and the codes of storage, beside those that it names.
public struct HolmCollection<Document: HolmDocument>: Sendable {
    let access: CollectionAccess

    /// The collection's name.
    public var name: String { access.name }

    var decode: CollectionAccess.Decode<Document> {
        { [coding = access.coding] (json, id) throws(HolmError) in
            try coding.decode(Document.self, from: json, id: id)
        }
    }
}

extension Holm {
    /// The collection of a type of documents.
    public func collection<Document: HolmDocument>(_ type: Document.Type) -> HolmCollection<Document> {
        HolmCollection(access: CollectionAccess(self, type.collection.name))
    }
}

// MARK: - Reading

extension HolmCollection {
    /// A document; `nil` if it is not there or deleted.
    ///
    /// - Throws: `INVALID_DOCUMENT` if it does not fit the type.
    public func get(_ id: String) async throws(HolmError) -> Document? {
        try access.get(id, decode)?.value
    }

    /// A document with its status; `nil` if it is not there or deleted.
    ///
    /// - Throws: `INVALID_DOCUMENT` if it does not fit the type.
    public func getStored(_ id: String) async throws(HolmError) -> Holm.Stored<Document>? {
        try access.get(id, decode)
    }

    /// The documents that a query lets through, in its order.
    ///
    /// - Throws: `INVALID_QUERY`, `INVALID_NAME`, and `INVALID_DOCUMENT` if one does not fit the type.
    public func query(_ query: Holm.Query) async throws(HolmError) -> [Document] {
        try access.query(query, decode).map(\.value)
    }

    /// The documents that a query lets through, in its order, with their status.
    ///
    /// - Throws: `INVALID_QUERY`, `INVALID_NAME`, and `INVALID_DOCUMENT` if one does not fit the type.
    public func queryStored(_ query: Holm.Query) async throws(HolmError) -> [Holm.Stored<Document>] {
        try access.query(query, decode)
    }

    /// How many documents a query's filter lets through; its window does not matter.
    ///
    /// - Throws: `INVALID_QUERY`, `INVALID_NAME`.
    public func count(_ query: Holm.Query) async throws(HolmError) -> Int {
        try access.count(query)
    }

    /// One page of a query, of as many documents as its limit says, else 50. Pages neither skip nor repeat a document
    /// that stays where it is, whatever comes or goes in between.
    ///
    /// - Parameters:
    ///   - query: Filter, order, and how many make a page.
    ///   - mark: ``Holm/Page/next`` of the page before; `nil`: the first page.
    /// - Throws: `INVALID_QUERY` for a mark of another query or an offset, `INVALID_NAME`, and `INVALID_DOCUMENT`.
    public func page(
        _ query: Holm.Query, after mark: Holm.PageMark? = nil
    ) async throws(HolmError) -> Holm.Page<Document> {
        try access.page(query, after: mark, decode)
    }

    /// Watches a query. Nothing happens until the app reads the sequence.
    public func live(_ query: Holm.Query) -> Holm.LiveQuery<Document> {
        access.live(query, decode)
    }
}

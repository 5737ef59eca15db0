import Foundation
internal import HolmBindings

/// Reads and writes of one collection, before the kind of its documents matters.
struct CollectionAccess: Sendable {
    typealias Decode<Value> = @Sendable (_ json: Data, _ id: String) throws(HolmError) -> Value

    let holm: Holm
    let name: String
    /// The core's handle, made when a call first needs it: the core makes a collection that it does not know yet, which
    /// is a write.
    private let handle = Lock<FfiCollection?>(nil)

    init(_ holm: Holm, _ name: String) {
        self.holm = holm
        self.name = name
    }

    var coding: Coding { holm.coding }

    func ffi() throws(HolmError) -> FfiCollection {
        try handle.withLock { (known) throws(HolmError) in
            if let known { return known }
            let new = try translating { try holm.ffi.collection(name: name) }
            known = new
            return new
        }
    }

    func get<Value>(_ id: String, _ decode: Decode<Value>) throws(HolmError) -> Holm.Stored<Value>? {
        let ffi = try ffi()
        guard let packed = try translating({ try ffi.get(id: id) }) else { return nil }
        return try PackedDocuments.one(packed, decode)
    }

    func query<Value>(_ query: Holm.Query, _ decode: Decode<Value>) throws(HolmError) -> [Holm.Stored<Value>] {
        let (ffi, text) = (try ffi(), try query.text(coding))
        return try PackedDocuments.list(try translating { try ffi.query(query: text) }, decode)
    }

    func count(_ query: Holm.Query) throws(HolmError) -> Int {
        let (ffi, text) = (try ffi(), try query.text(coding))
        return Int(clamping: try translating { try ffi.count(query: text) })
    }

    func page<Value>(
        _ query: Holm.Query, after mark: Holm.PageMark?, _ decode: Decode<Value>
    ) throws(HolmError) -> Holm.Page<Value> {
        let (ffi, text) = (try ffi(), try query.text(coding))
        let page = try translating { try ffi.page(query: text, after: mark?.rawValue) }
        return Holm.Page(
            documents: try PackedDocuments.list(page.documents, decode),
            next: page.next.map(Holm.PageMark.init(rawValue:)))
    }

    func live<Value>(_ query: Holm.Query, _ decode: @escaping Decode<Value>) -> Holm.LiveQuery<Value> {
        let open: @Sendable () throws(HolmError) -> FfiLiveQuery = { () throws(HolmError) in
            let (ffi, text) = (try ffi(), try query.text(coding))
            return try translating { try ffi.live(query: text) }
        }
        return Holm.LiveQuery(open: open, decode: decode)
    }

    func create(_ json: String, id: String?) async throws(HolmError) -> Holm.Receipt {
        Holm.Receipt(try await writing { ffi, cancel in try await ffi.create(id: id, json: json, cancel: cancel) })
    }

    func createAll(_ documents: [String]) async throws(HolmError) -> [Holm.Receipt] {
        try await writing { ffi, cancel in try await ffi.createAll(documents: documents, cancel: cancel) }
            .map(Holm.Receipt.init)
    }

    func update(_ id: String, patch: String) async throws(HolmError) -> Holm.Receipt {
        Holm.Receipt(try await writing { ffi, cancel in try await ffi.update(id: id, patch: patch, cancel: cancel) })
    }

    func replace(_ id: String, with json: String, basedOn version: Int64?) async throws(HolmError) -> Holm.Receipt {
        let receipt = try await writing { ffi, cancel in
            try await ffi.replace(id: id, json: json, basedOn: version, cancel: cancel)
        }
        return Holm.Receipt(receipt)
    }

    func delete(_ id: String) async throws(HolmError) -> Holm.Receipt {
        Holm.Receipt(try await writing { ffi, cancel in try await ffi.delete(id: id, cancel: cancel) })
    }

    private func writing<T: Sendable>(
        _ write: @Sendable (FfiCollection, FfiCancel?) async throws -> T
    ) async throws(HolmError) -> T {
        let ffi = try ffi()
        return try await holm.writing(waits: holm.confirmed.contains(name)) { cancel in try await write(ffi, cancel) }
    }
}

internal import HolmBindings

extension Holm {
    /// Writes to several documents and collections that commit together or not at all; see
    /// ``Holm/write(group:isolation:_:)``.
    ///
    /// It collects what shall be written and writes nothing by itself.
    public struct Transaction {
        private struct Write {
            /// The document, where there may be nothing to write.
            var id = ""
            /// The write in the core's words; none where nothing is different.
            let encode: (Coding) throws(HolmError) -> FfiWrite?
        }

        private var writes: [Write] = []

        /// Makes a document.
        public mutating func create(_ document: some HolmDocument) {
            create(document, id: document.id, in: type(of: document).collection.name)
        }

        /// Makes a document under this id; without one, under the id in the document or a new one.
        public mutating func create(_ json: JSON, id: String? = nil, in collection: String) {
            create(json as any Encodable, id: id, in: collection)
        }

        /// Changes fields of a document.
        public mutating func update<D: HolmDocument>(_ id: String, in type: D.Type, _ patch: Patch) {
            update(id, in: type.collection.name, patch)
        }

        /// Changes fields of a document.
        public mutating func update(_ id: String, in collection: String, _ patch: Patch) {
            append { (coding) throws(HolmError) in
                .update(collection: collection, id: id, patch: try patch.text(coding))
            }
        }

        /// Changes what is different between two values of a document, see ``HolmCollection/update(from:to:)``.
        public mutating func update<D: HolmDocument>(from old: D, to new: D) {
            let write = Write(id: old.id) { (coding) throws(HolmError) in
                let patch = try Difference.patch(from: old, to: new, coding)
                return patch.map { .update(collection: D.collection.name, id: old.id, patch: $0) }
            }
            writes.append(write)
        }

        /// Replaces a document's content, see ``HolmCollection/replace(_:basedOn:)``.
        public mutating func replace(_ document: some HolmDocument, basedOn version: Int64? = nil) {
            replace(document, id: document.id, in: type(of: document).collection.name, basedOn: version)
        }

        /// Replaces a document's content, see ``HolmCollection/replace(_:basedOn:)``.
        public mutating func replace(
            _ id: String, with json: JSON, in collection: String, basedOn version: Int64? = nil
        ) {
            replace(json as any Encodable, id: id, in: collection, basedOn: version)
        }

        /// Deletes a document.
        public mutating func delete<D: HolmDocument>(_ id: String, in type: D.Type) {
            delete(id, in: type.collection.name)
        }

        /// Deletes a document.
        public mutating func delete(_ id: String, in collection: String) {
            append { (_) throws(HolmError) in .delete(collection: collection, id: id) }
        }

        private mutating func create(_ document: any Encodable, id: String?, in collection: String) {
            append { (coding) throws(HolmError) in
                .create(collection: collection, id: id, json: try coding.text(document))
            }
        }

        private mutating func replace(
            _ document: any Encodable, id: String, in collection: String, basedOn version: Int64?
        ) {
            append { (coding) throws(HolmError) in
                .replace(collection: collection, id: id, json: try coding.text(document), basedOn: version)
            }
        }

        private mutating func append(_ encode: @escaping (Coding) throws(HolmError) -> FfiWrite?) {
            writes.append(Write(encode: encode))
        }

        /// The writes in the core's words, each with its document where there is nothing to write.
        fileprivate func encoded(_ coding: Coding) throws(HolmError) -> [(id: String, write: FfiWrite?)] {
            var encoded: [(id: String, write: FfiWrite?)] = []
            for write in writes { encoded.append((write.id, try write.encode(coding))) }
            return encoded
        }
    }
}

extension Holm {
    /// Writes to several documents and collections in one transaction: all of it happens, or nothing.
    ///
    /// ```swift
    /// try await holm.write { tx in
    ///     tx.create(todo)
    ///     tx.update(list.id, in: TodoList.self, ["count": .increment()])
    /// }
    /// ```
    ///
    /// If one of the collections is ``Consistency/confirmed(timeout:)``, all of the writes are one group, and the call
    /// returns once the server has accepted it; see there. Else it
    /// returns after the commit, with a receipt for each write in the order of the calls. The closure runs at once
    /// where the caller is, and only collects. Cancelling the task does not take the writes back.
    ///
    /// - Parameters:
    ///   - group: Whether the server, too, takes all of the writes or none.
    ///   - isolation: Where the caller is, and `collect` runs.
    ///   - collect: Says what shall be written.
    /// - Throws: ``HolmError``: `INVALID_DOCUMENT`, `INVALID_NAME`, `NOT_FOUND`, `ALREADY_EXISTS`, and those of
    ///   storage; `GROUP_TOO_LARGE` for a group that the server would not take in one request. Then nothing was written.
    @discardableResult
    public func write(
        group: Bool = false, isolation: isolated (any Actor)? = #isolation, _ collect: (inout Transaction) -> Void
    ) async throws(HolmError) -> [Receipt] {
        var transaction = Transaction()
        collect(&transaction)
        let writes = try transaction.encoded(coding)
        let wanted = writes.compactMap(\.write)
        let written = try await writing(waits: !confirmed.isEmpty) { [ffi] cancel in
            try await ffi.write(writes: wanted, group: group, cancel: cancel)
        }
        var receipts = written.makeIterator()
        return writes.map { id, write in
            write.flatMap { _ in receipts.next() }.map(Receipt.init) ?? .unchanged(id)
        }
    }
}

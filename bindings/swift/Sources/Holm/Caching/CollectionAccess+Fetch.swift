internal import HolmBindings

extension CollectionAccess {
    func fetch<Value>(
        _ id: String, _ policy: Holm.CachePolicy?, _ decode: @escaping Decode<Value>
    ) -> Holm.Fetch<Value?> {
        let open: @Sendable () throws(HolmError) -> FfiFetch = { () throws(HolmError) in
            let ffi = try ffi()
            return try translating { try ffi.fetch(id: id, policy: policy?.translated) }
        }
        return Holm.Fetch(open: open) { (documents) throws(HolmError) in
            try PackedDocuments.list(documents, decode).first?.value
        }
    }

    func fetch<Value>(
        _ query: Holm.Query, _ policy: Holm.CachePolicy?, _ decode: @escaping Decode<Value>
    ) -> Holm.Fetch<[Value]> {
        let open: @Sendable () throws(HolmError) -> FfiFetch = { () throws(HolmError) in
            let (ffi, text) = (try ffi(), try query.text(coding))
            return try translating { try ffi.fetchQuery(query: text, policy: policy?.translated) }
        }
        return Holm.Fetch(open: open) { (documents) throws(HolmError) in
            try PackedDocuments.list(documents, decode).map(\.value)
        }
    }

    func pin(_ id: String) async throws(HolmError) {
        let ffi = try ffi()
        try await translating { try await ffi.pin(id: id) }
    }

    func unpin(_ id: String) async throws(HolmError) {
        let ffi = try ffi()
        try await translating { try await ffi.unpin(id: id) }
    }
}

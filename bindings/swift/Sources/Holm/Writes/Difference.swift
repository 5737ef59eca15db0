/// The merge patch (RFC 7396) that leads from one document to another; none where nothing is different.
///
/// Fields that are the same in both are not in it, so what this app does not know of a document, and what others change
/// meanwhile, is left alone. A merge patch cannot say `null`: a field that becomes `null` is removed.
enum Difference {
    static func patch(
        from old: some Encodable, to new: some Encodable, _ coding: Coding
    ) throws(HolmError) -> String? {
        guard case .object(let old) = try coding.json(old), case .object(let new) = try coding.json(new) else {
            throw .invalidDocument("a document must be a JSON object")
        }
        let patch = between(old, new)
        return patch.isEmpty ? nil : Holm.JSON.object(patch).text
    }

    private static func between(_ old: [String: Holm.JSON], _ new: [String: Holm.JSON]) -> [String: Holm.JSON] {
        var patch: [String: Holm.JSON] = [:]
        for (name, value) in new where old[name] != value {
            if case .object(let old)? = old[name], case .object(let new) = value {
                patch[name] = .object(between(old, new))
            } else {
                patch[name] = value
            }
        }
        for name in old.keys where new[name] == nil { patch[name] = .null }
        return patch
    }
}

extension HolmError {
    /// A failure of `Codable`, told by field. The error's own words are left out: they may quote the document.
    init(coding error: any Error, what: String) {
        self = .invalidDocument("\(what) \(Self.fault(error))")
    }

    private static func fault(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            "has no \(path(context.codingPath + [key]))"
        case DecodingError.valueNotFound(let type, let context):
            "has null instead of \(type) in \(path(context.codingPath))"
        case DecodingError.typeMismatch(let type, let context):
            "has something other than \(type) in \(path(context.codingPath))"
        case DecodingError.dataCorrupted(let context):
            "cannot be read at \(path(context.codingPath))"
        case EncodingError.invalidValue(_, let context):
            "cannot be written as JSON at \(path(context.codingPath))"
        default:
            "failed with \(type(of: error))"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        let path = keys.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return path.isEmpty ? "its top level" : "\"\(path)\""
    }
}

import Foundation

/// Documents as they cross the boundary: `{"s":"<status>","v":<version or null>,"d":{"id":"…",…}}` each, in a list or
/// alone.
///
/// The envelopes are opened by hand and each document is decoded by itself: so the app's settings for keys do not touch
/// the envelope, and an error names its document. The core wrote the text, so it is not checked for what a stranger
/// might send.
enum PackedDocuments {
    /// Decodes a list.
    static func list<T>(
        _ data: Data, _ decode: (_ json: Data, _ id: String) throws(HolmError) -> T
    ) throws(HolmError) -> [Holm.Stored<T>] {
        let envelopes: [Envelope]? = data.withUnsafeBytes { bytes in
            var reader = EnvelopeReader(bytes: bytes)
            return reader.list()
        }
        guard let envelopes else { throw .internal("a packed list cannot be read") }
        var documents: [Holm.Stored<T>] = []
        documents.reserveCapacity(envelopes.count)
        for envelope in envelopes {
            documents.append(try envelope.open(data, decode))
        }
        return documents
    }

    /// Decodes one document.
    static func one<T>(
        _ data: Data, _ decode: (_ json: Data, _ id: String) throws(HolmError) -> T
    ) throws(HolmError) -> Holm.Stored<T> {
        let envelope: Envelope? = data.withUnsafeBytes { bytes in
            var reader = EnvelopeReader(bytes: bytes)
            return reader.envelope()
        }
        guard let envelope else { throw .internal("a packed document cannot be read") }
        return try envelope.open(data, decode)
    }
}

/// What is known of a document before it is decoded.
private struct Envelope {
    let id: String
    let status: Holm.SyncStatus
    let version: Int64?
    /// Where the document's own text is.
    let document: Range<Int>

    func open<T>(
        _ data: Data, _ decode: (_ json: Data, _ id: String) throws(HolmError) -> T
    ) throws(HolmError) -> Holm.Stored<T> {
        let text = data[data.startIndex + document.lowerBound..<data.startIndex + document.upperBound]
        return Holm.Stored(id: id, value: try decode(text, id), status: status, version: version)
    }
}

/// Finds the parts of envelopes. Everything is `nil` where the text is not as expected.
private struct EnvelopeReader {
    let bytes: UnsafeRawBufferPointer
    var at = 0

    mutating func list() -> [Envelope]? {
        guard take("[") else { return nil }
        var envelopes: [Envelope] = []
        if take("]") { return envelopes }
        repeat {
            guard let envelope = envelope() else { return nil }
            envelopes.append(envelope)
        } while take(",")
        return take("]") ? envelopes : nil
    }

    mutating func envelope() -> Envelope? {
        guard take("{\"s\":\"") else { return nil }
        let status = upTo("\"")
        guard take("\",\"v\":") else { return nil }
        let version = upTo(",")
        guard take(",\"d\":"), let (document, id) = document(), take("}"),
            let status = Holm.SyncStatus(rawValue: status)
        else { return nil }
        return Envelope(id: id, status: status, version: Int64(version), document: document)
    }

    private mutating func take(_ text: StaticString) -> Bool {
        let end = at + text.utf8CodeUnitCount
        guard end <= bytes.count, bytes[at..<end].elementsEqual(text.bytes) else { return false }
        at = end
        return true
    }

    private mutating func upTo(_ end: Unicode.Scalar) -> String {
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: end) { at += 1 }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    /// The extent of an object, and its first member, which is the id.
    private mutating func document() -> (Range<Int>, id: String)? {
        let start = at
        guard take("{\"id\":"), let id = string() else { return nil }
        var depth = 1
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "\""):
                skipString()
                continue
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"): depth -= 1
            default: break
            }
            at += 1
            if depth == 0 { return (start..<at, id) }
        }
        return nil
    }

    /// Goes from a quotation mark to behind its partner; returns whether there were escapes between.
    @discardableResult
    private mutating func skipString() -> Bool {
        var escapes = false
        at += 1
        while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
            if bytes[at] == UInt8(ascii: "\\") {
                escapes = true
                at += 1
            }
            at += 1
        }
        at += 1
        return escapes
    }

    private mutating func string() -> String? {
        let start = at
        let escapes = skipString()
        guard at <= bytes.count else { return nil }
        guard escapes else { return String(decoding: bytes[start + 1..<at - 1], as: UTF8.self) }
        return try? JSONReader.read(String(decoding: bytes[start..<at], as: UTF8.self)).string
    }
}

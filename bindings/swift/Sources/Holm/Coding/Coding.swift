import Foundation

/// How documents become JSON and back: an encoder and a decoder with the app's settings.
///
/// Both are thread-safe as long as their settings do not change; no other code holds them.
struct Coding: Sendable {
    private let encoder: JSONEncoder
    private let decoder: JSONDecoder

    init(encoder: JSONEncoder, decoder: JSONDecoder) {
        self.encoder = encoder
        self.decoder = decoder
    }

    /// A value as JSON text.
    func text(_ value: some Encodable) throws(HolmError) -> String {
        if let value = value as? Holm.JSON { return value.text }
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw HolmError(coding: error, what: "\(type(of: value))")
        }
    }

    /// A value as a JSON tree.
    func json(_ value: some Encodable) throws(HolmError) -> Holm.JSON {
        if let value = value as? Holm.JSON { return value }
        return try JSONReader.read(try text(value))
    }

    /// A value from JSON text. `id` is the document's, for the error's message.
    func decode<T: Decodable>(_ type: T.Type, from json: Data, id: @autoclosure () -> String) throws(HolmError) -> T {
        do {
            return try decoder.decode(type, from: json)
        } catch {
            throw HolmError(coding: error, what: "document \"\(id())\", read as \(type),")
        }
    }
}

extension Holm {
    /// The encoder that Holm uses if the app gives none: dates as RFC 3339 texts in UTC with milliseconds, which sort
    /// and compare in queries as moments do. Everything else as `JSONEncoder` has it.
    public static func makeEncoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            guard let text = Timestamp.text(date) else {
                let context = EncodingError.Context(
                    codingPath: container.codingPath, debugDescription: "outside of the years 0 to 9999")
                throw EncodingError.invalidValue(date, context)
            }
            try container.encode(text)
        }
        return encoder
    }

    /// The decoder that Holm uses if the app gives none: reads what ``makeEncoder()`` writes, and any other RFC 3339
    /// text as a date.
    public static func makeDecoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            guard let date = Timestamp.date(try container.decode(String.self)) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "no RFC 3339 date")
            }
            return date
        }
        return decoder
    }
}

extension Holm {
    /// A JSON value, for documents that have no Swift type.
    ///
    /// Whole numbers that fit are ``int(_:)``, all others ``double(_:)``, so 64-bit integers keep every digit. As
    /// everywhere in Swift, texts that differ in Unicode normalization only are equal, also as names of members.
    ///
    /// Literals make values: `["title": "Buy milk", "tags": ["home", 1], "note": nil]`.
    public enum JSON: Hashable, Sendable {
        /// `null`.
        case null
        /// `true` or `false`.
        case bool(Bool)
        /// A whole number.
        case int(Int64)
        /// Any other number. JSON knows neither infinities nor NaN: a document with one is refused when it is written.
        case double(Double)
        /// A text.
        case string(String)
        /// A list.
        case array([JSON])
        /// An object.
        case object([String: JSON])
    }
}

extension Holm.JSON {
    /// Reads JSON text (RFC 8259), nested at most 128 deep. Where an object repeats a name, the last value counts.
    ///
    /// - Throws: ``HolmError/Code/invalidDocument`` with the place of the fault.
    public init(parsing text: String) throws(HolmError) {
        self = try JSONReader.read(text)
    }

    /// The value as JSON text without spaces, members sorted by the bytes of their names: equal values give equal
    /// texts.
    public var text: String {
        var writer = JSONWriter()
        writer.write(self)
        return writer.text
    }

    /// The member of an object; `nil` if there is none or this is no object.
    public subscript(name: String) -> Holm.JSON? {
        guard case .object(let members) = self else { return nil }
        return members[name]
    }

    /// The element of a list; `nil` if there is none or this is no list.
    public subscript(index: Int) -> Holm.JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The text, if this is one.
    public var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// The number, if this is a whole one.
    public var int: Int64? {
        guard case .int(let value) = self else { return nil }
        return value
    }

    /// The number, if this is one.
    public var double: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// The truth value, if this is one.
    public var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The list, if this is one.
    public var array: [Holm.JSON]? {
        guard case .array(let value) = self else { return nil }
        return value
    }

    /// The members, if this is an object.
    public var object: [String: Holm.JSON]? {
        guard case .object(let value) = self else { return nil }
        return value
    }
}

extension Holm.JSON: CustomStringConvertible {
    /// As ``text``.
    public var description: String { text }
}

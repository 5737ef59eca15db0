/// Reads JSON text (RFC 8259) into a ``Holm/JSON``.
///
/// Foundation's readers lose what this one keeps: whether a number is whole, and every digit of it.
struct JSONReader {
    /// As deep as the core reads: the text cannot exhaust the stack.
    private static let deepest = 128

    private let bytes: UnsafeBufferPointer<UInt8>
    private var at = 0
    private var depth = 0

    static func read(_ text: String) throws(HolmError) -> Holm.JSON {
        var text = text
        let outcome: Result<Holm.JSON, HolmError> = text.withUTF8 { bytes in
            var reader = JSONReader(bytes: bytes)
            do throws(Fault) {
                let value = try reader.value()
                reader.skipSpace()
                guard reader.at == bytes.count else { throw Fault(at: reader.at) }
                return .success(value)
            } catch {
                return .failure(.invalidDocument("not valid JSON at byte \(error.at)"))
            }
        }
        return try outcome.get()
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    private struct Fault: Error {
        let at: Int
    }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { at += 1 }
    }

    /// Skips space and takes this byte, if it is the next one.
    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next == UInt8(ascii: byte) else { return false }
        at += 1
        return true
    }

    private mutating func expect(_ byte: Unicode.Scalar) throws(Fault) {
        guard take(byte) else { throw Fault(at: at) }
    }

    private mutating func value() throws(Fault) -> Holm.JSON {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try nested { (reader) throws(Fault) in try reader.object() }
        case UInt8(ascii: "["): return try nested { (reader) throws(Fault) in try reader.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func nested(
        _ read: (inout JSONReader) throws(Fault) -> Holm.JSON
    ) throws(Fault) -> Holm.JSON {
        depth += 1
        guard depth <= Self.deepest else { throw Fault(at: at) }
        let value = try read(&self)
        depth -= 1
        return value
    }

    private mutating func object() throws(Fault) -> Holm.JSON {
        try expect("{")
        var members: [String: Holm.JSON] = [:]
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            let name = try string()
            try expect(":")
            members[name] = try value()
        } while take(",")
        try expect("}")
        return .object(members)
    }

    private mutating func array() throws(Fault) -> Holm.JSON {
        try expect("[")
        var elements: [Holm.JSON] = []
        if take("]") { return .array(elements) }
        repeat {
            elements.append(try value())
        } while take(",")
        try expect("]")
        return .array(elements)
    }

    private mutating func word(_ word: StaticString, _ value: Holm.JSON) throws(Fault) -> Holm.JSON {
        let end = at + word.utf8CodeUnitCount
        guard end <= bytes.count, bytes[at..<end].elementsEqual(word.bytes) else { throw Fault(at: at) }
        at = end
        return value
    }
}

extension StaticString {
    /// The text's bytes.
    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}

// MARK: - Numbers

extension JSONReader {
    private mutating func number() throws(Fault) -> Holm.JSON {
        let start = at
        if next == UInt8(ascii: "-") { at += 1 }
        let leading = next
        let whole = digits()
        guard whole > 0, !(leading == UInt8(ascii: "0") && whole > 1) else { throw Fault(at: start) }
        var isWhole = true
        if next == UInt8(ascii: ".") {
            at += 1
            isWhole = false
            guard digits() > 0 else { throw Fault(at: start) }
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            at += 1
            isWhole = false
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
            guard digits() > 0 else { throw Fault(at: start) }
        }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        // Negative zero is no whole number: it would lose its sign.
        if isWhole, text != "-0", let value = Int64(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else { throw Fault(at: start) }
        return .double(value)
    }

    /// Takes digits; returns how many.
    private mutating func digits() -> Int {
        let start = at
        while let byte = next, byte &- UInt8(ascii: "0") < 10 { at += 1 }
        return at - start
    }
}

// MARK: - Texts

extension JSONReader {
    private mutating func string() throws(Fault) -> String {
        guard next == UInt8(ascii: "\"") else { throw Fault(at: at) }
        at += 1
        var text = ""
        while true {
            let start = at
            while let byte = next, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { at += 1 }
            let plain = String(decoding: bytes[start..<at], as: UTF8.self)
            switch next {
            case UInt8(ascii: "\""):
                at += 1
                return text.isEmpty ? plain : text + plain
            case UInt8(ascii: "\\"):
                at += 1
                text += plain
                text.unicodeScalars.append(try escape())
            default:
                throw Fault(at: at)
            }
        }
    }

    private mutating func escape() throws(Fault) -> Unicode.Scalar {
        guard let byte = next else { throw Fault(at: at) }
        at += 1
        switch Unicode.Scalar(byte) {
        case "\"": return "\""
        case "\\": return "\\"
        case "/": return "/"
        case "b": return "\u{8}"
        case "f": return "\u{c}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u": return try codePoint()
        default: throw Fault(at: at - 1)
        }
    }

    /// Four digits, or twice four where the first are the leading half of a pair. Half a pair alone is no text.
    private mutating func codePoint() throws(Fault) -> Unicode.Scalar {
        let start = at
        let first = try hex()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xdc00, next == UInt8(ascii: "\\") else { throw Fault(at: start) }
        at += 1
        guard next == UInt8(ascii: "u") else { throw Fault(at: start) }
        at += 1
        let second = try hex()
        guard (0xdc00...0xdfff).contains(second) else { throw Fault(at: start) }
        let value = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        guard let scalar = Unicode.Scalar(value) else { throw Fault(at: start) }
        return scalar
    }

    private mutating func hex() throws(Fault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw Fault(at: at)
            }
            value = value << 4 | UInt32(digit)
            at += 1
        }
        return value
    }
}

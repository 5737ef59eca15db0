import Foundation

/// A type whose values are documents of one collection.
///
/// An app's model becomes one by naming its collection and having an `id`:
///
/// ```swift
/// struct Todo: HolmDocument {
///     static let collection = Holm.CollectionDescriptor("todos", indexes: [["isCompleted", "createdAt"]])
///     var id = Holm.newID()
///     var title: String
///     var isCompleted = false
///     var createdAt = Int64(Date().timeIntervalSince1970 * 1_000)
/// }
/// ```
///
/// A value must encode to a JSON object. The names `id`, `version` and `_sync` are taken: `id` holds the document's id,
/// the others belong to the server. Make fields of a later version of the app optional, or decode them yourself:
/// documents of older versions lack them, and the decoder that Swift makes knows no default for what is not there.
public protocol HolmDocument: Codable, Identifiable, Sendable where ID == String {
    /// The collection that the documents belong to.
    static var collection: Holm.CollectionDescriptor { get }

    /// The document's id, for ever the same: 1 to 128 bytes without control characters, not beginning with `$`, and not
    /// `.`, `..` or `fetch`. Another one is refused with `INVALID_NAME`.
    var id: String { get }
}

extension Holm {
    /// A new id for a document: a UUID of version 7 (RFC 9562), in lower case. Its time part is the device's clock, so
    /// do not sort by it.
    public static func newID() -> String {
        // Random but for the time and the version; the variant is that of a random one.
        var bytes = UUID().uuid
        let milliseconds = UInt64(max(0, Date().timeIntervalSince1970 * 1_000))
        return withUnsafeMutableBytes(of: &bytes) { bytes in
            for index in 0..<6 { bytes[index] = UInt8(truncatingIfNeeded: milliseconds >> (40 - 8 * index)) }
            bytes[6] = 0x70 | bytes[6] & 0x0f
            return hexadecimal(UnsafeRawBufferPointer(bytes))
        }
    }

    /// A UUID's text. This is done for every document that is made or decoded, and Foundation takes four times as long.
    private static func hexadecimal(_ uuid: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: 36) { text in
            var at = 0
            for (index, byte) in uuid.enumerated() {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    text[at] = UInt8(ascii: "-")
                    at += 1
                }
                for digit in [byte >> 4, byte & 0x0f] {
                    text[at] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
                    at += 1
                }
            }
            return at
        }
    }
}

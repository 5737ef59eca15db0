import Foundation

/// A type whose values are documents of one collection.
///
/// An app's model becomes one with three lines:
///
/// ```swift
/// struct Todo: HolmDocument {
///     static let collection = Holm.CollectionDescriptor("todos", indexes: [["isCompleted", "createdAt"]])
///     var id = Holm.newID()
///     var title: String
///     var isCompleted = false
///     var createdAt = Date()
/// }
/// ```
///
/// A value must encode to a JSON object. The names `id`, `version` and `_sync` are taken: `id` holds the document's id,
/// the others belong to the server. Give new fields a default or make them optional: documents of older versions of the
/// app lack them.
public protocol HolmDocument: Codable, Identifiable, Sendable where ID == String {
    /// The collection that the documents belong to.
    static var collection: Holm.CollectionDescriptor { get }

    /// The document's id, for ever the same: 1 to 255 bytes without control characters.
    var id: String { get }
}

extension Holm {
    /// A new id for a document: a UUID of version 7 (RFC 9562), in lower case. Its time part is the device's clock, so
    /// do not sort by it.
    public static func newID() -> String {
        var bytes = UUID().uuid
        let milliseconds = UInt64(max(0, Date().timeIntervalSince1970 * 1_000))
        withUnsafeMutableBytes(of: &bytes) { bytes in
            for index in 0..<6 { bytes[index] = UInt8(truncatingIfNeeded: milliseconds >> (40 - 8 * index)) }
            bytes[6] = 0x70 | bytes[6] & 0x0f
        }
        return UUID(uuid: bytes).uuidString.lowercased()
    }
}

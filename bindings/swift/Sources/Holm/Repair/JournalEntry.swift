import Foundation
internal import HolmBindings

extension Holm {
    /// A value that lost: overwritten when a conflict was resolved, or given up. Kept for 30 days.
    public struct JournalEntry: Hashable, Sendable {
        /// Why a value lost.
        public enum Reason: String, CaseIterable, Hashable, Sendable {
            /// A conflict was resolved for the server's side; the local value lost.
            case serverKept
            /// A conflict was resolved for the local side; the server's value lost.
            case localKept
            /// The app gave the write up.
            case discarded
        }

        /// When, in the server's time.
        public let date: Date
        /// The collection's name.
        public let collection: String
        /// The document's id.
        public let documentID: String
        /// The operation that lost, if it was one.
        public let operationID: String?
        /// Why.
        public let reason: Reason
        /// The fields, or the document, that lost.
        public let lost: JSON
        /// What stands instead; `nil` if nothing does.
        public let kept: JSON?

        fileprivate init(_ entry: FfiJournalEntry) throws(HolmError) {
            guard let reason = Reason(rawValue: entry.reason) else {
                throw .internal("a journal entry is there because of \(entry.reason)")
            }
            date = Date(milliseconds: entry.atMs)
            collection = entry.collection
            documentID = entry.docId
            operationID = entry.opId
            self.reason = reason
            lost = try JSONReader.read(entry.lost)
            if let kept = entry.kept {
                self.kept = try JSONReader.read(kept)
            } else {
                kept = nil
            }
        }
    }

    /// Values that lost, newest first, at most `limit`.
    ///
    /// - Throws: ``HolmError``: `SUSPENDED`, `CLOSED`, and those of storage.
    public func journal(limit: Int = 100) async throws(HolmError) -> [JournalEntry] {
        var entries: [JournalEntry] = []
        for entry in try translating({ try ffi.journal(limit: UInt32(clamping: limit)) }) {
            entries.append(try JournalEntry(entry))
        }
        return entries
    }
}

import Foundation
internal import HolmBindings

extension Holm {
    /// A value that lost: overwritten when a conflict was resolved, or given up. Kept for 30 days.
    public struct JournalEntry: Identifiable, Hashable, Sendable {
        /// Why a value lost.
        public enum Reason: String, CaseIterable, Hashable, Sendable {
            /// The local value lost: the server's stands, or a third.
            case serverKept
            /// The server's value lost: the local one stands, or a third.
            case localKept
            /// The app gave the write up.
            case discarded
        }

        /// Its number.
        public let id: Int64
        /// When, in the server's time.
        public let at: Date
        /// The collection's name.
        public let collection: String
        /// The document's id.
        public let documentID: String
        /// The operation that lost; `nil` if only a part of one did.
        public let operationID: String?
        /// Why.
        public let reason: Reason
        /// The places whose values lost, as JSON Pointers. Empty for a delete and for an action.
        public let fields: [String]
        /// What lost, as a patch that would write it back; `{"deleted":true}` for a delete, `{"action":"name","params":…}`
        /// for an action that was given up.
        public let lost: JSON
        /// What stands instead; `nil` if nothing does.
        public let kept: JSON?

        fileprivate init(_ entry: FfiJournalEntry) throws(HolmError) {
            guard let reason = Reason(rawValue: entry.reason) else {
                throw .internal("a journal entry is there because of \(entry.reason)")
            }
            id = entry.id
            at = Date(milliseconds: entry.atMs)
            collection = entry.collection
            documentID = entry.docId
            operationID = entry.opId
            self.reason = reason
            fields = entry.fields
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

    /// Writes the values of a journal entry back, as a write of now: an update of the document, its create if it is gone,
    /// or its delete. An action is queued again, as a new call. The entry stays. Returns after the commit; cancelling the task does not take the write back.
    ///
    /// - Throws: ``HolmError``: `NOT_FOUND` if the journal does not have it any more, those of a write, and those of
    ///   storage.
    @discardableResult
    public func restore(_ entry: JournalEntry) async throws(HolmError) -> Receipt {
        let receipt = try await writing(waits: confirmed.contains(entry.collection)) { [ffi, id = entry.id] cancel in
            try await ffi.restore(entry: id, cancel: cancel)
        }
        return Receipt(receipt)
    }
}

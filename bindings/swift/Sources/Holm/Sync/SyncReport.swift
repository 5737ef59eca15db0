import Foundation
internal import HolmBindings

extension Holm {
    /// What a sync did.
    public struct SyncReport: Hashable, Sendable {
        /// Operations that the server accepted.
        public let pushed: Int
        /// States taken from the server.
        public let pulled: Int
        /// Conflicts met, however they were resolved.
        public let conflicts: Int
        /// Operations that the server refused and that are parked now.
        public let parked: Int
        /// Operations that wait for a time of their own after a failure, oldest first, at most 100. The server does not
        /// have them, or not yet.
        public let deferred: [Deferred]
        /// What the server has and this device could not take. The rest of its collection, and other collections, are in
        /// step all the same.
        public let setAside: [SetAside]
        /// HTTP requests.
        public let requests: Int
        /// Bytes sent.
        public let bytesUp: Int
        /// Bytes received.
        public let bytesDown: Int
        /// How many seconds it took.
        public let duration: TimeInterval
    }

    /// An operation that is tried again later.
    public struct Deferred: Hashable, Sendable {
        /// The operation, as in ``Receipt/operationID`` and ``PendingWrite/id``.
        public let operationID: String
        /// The code of its last failure: the server's, or one of ``HolmError/Code``.
        public let code: String
        /// Not before this time by the device's clock. ``Holm/sync()`` tries it at once.
        public let nextAttempt: Date
    }

    /// A record that could not be read, or a collection that the server refuses.
    public struct SetAside: Hashable, Sendable {
        /// The collection.
        public let collection: String
        /// The record's id. `nil` if it is the whole collection, or if the record's id cannot be read either.
        public let documentID: String?
        /// Why.
        public let error: HolmError
    }
}

extension Holm.SyncReport {
    init(_ report: FfiSyncReport) {
        self.init(
            pushed: Int(clamping: report.pushed), pulled: Int(clamping: report.pulled),
            conflicts: Int(clamping: report.conflicts), parked: Int(clamping: report.parked),
            deferred: report.deferred.map(Holm.Deferred.init), setAside: report.setAside.map(Holm.SetAside.init),
            requests: Int(clamping: report.requests), bytesUp: Int(clamping: report.bytesUp),
            bytesDown: Int(clamping: report.bytesDown), duration: Double(report.durationMs) / 1_000)
    }
}

extension Holm.Deferred {
    fileprivate init(_ deferred: FfiDeferred) {
        self.init(
            operationID: deferred.opId, code: deferred.code,
            nextAttempt: Date(milliseconds: deferred.nextAttemptMs))
    }
}

extension Holm.SetAside {
    fileprivate init(_ aside: FfiSetAside) {
        self.init(collection: aside.collection, documentID: aside.docId, error: HolmError(aside.failure))
    }
}

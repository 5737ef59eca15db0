import Foundation
internal import HolmBindings

extension Holm {
    /// What a slice of background time did, and what it left.
    public struct SliceReport: Hashable, Sendable {
        /// What was done.
        public let report: SyncReport
        /// Whether everything that can be done by now is done. If not, the next slice, or the next sync, goes on where
        /// this one was.
        public let isComplete: Bool
        /// Writes that are left to send.
        public let remainingWrites: Int
        /// Collections that may have changes on the server that are not here yet.
        public let remainingCollections: Int
    }

    /// Syncs for at most `budget` seconds, the time that the system grants an app in the background, and returns before
    /// it is over: a tenth of it, at most a second, is left for that.
    ///
    /// Work goes in pieces that are each kept, and no request is begun that cannot end in time. Whatever cuts a slice
    /// (the budget, cancelling the task, the death of the process), the next one goes on where it was.
    ///
    /// A suspended client is opened for it, and goes to sleep again afterwards if it did so because the app had left the
    /// screen, see ``attach()``.
    ///
    /// - Throws: ``HolmError``: those of ``sync()``, and `INVALID_CONFIG` for a budget that is no number of seconds from
    ///   0 to a day. Too little time is no error: see ``SliceReport/isComplete``.
    @discardableResult
    public func runBackground(budget: TimeInterval) async throws(HolmError) -> SliceReport {
        guard (0...86_400).contains(budget) else {
            throw .invalidConfig("a slice's budget must be a number of seconds from 0 to a day")
        }
        // Rounded down: the deadline is the system's.
        let milliseconds = UInt64(budget * 1_000)
        return try await awake.whileNeeded { [ffi] () throws(HolmError) in
            SliceReport(
                try await cancellable { cancel in
                    try await ffi.runBackground(budgetMs: milliseconds, cancel: cancel)
                })
        }
    }
}

extension Holm.SliceReport {
    init(_ slice: FfiSliceReport) {
        self.init(
            report: Holm.SyncReport(slice.report), isComplete: slice.complete,
            remainingWrites: Int(clamping: slice.remainingOperations),
            remainingCollections: Int(clamping: slice.remainingCollections))
    }
}

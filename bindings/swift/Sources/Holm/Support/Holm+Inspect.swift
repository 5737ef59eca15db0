import Foundation
internal import HolmBindings

extension Holm {
    /// Counters of this process, since the client was opened.
    public struct Stats: Hashable, Sendable {
        /// Transactions.
        public let commits: Int
        /// Transactions that were forced to the disk before their callers got an answer.
        public let forcedWrites: Int
        /// Acknowledged writes, the app's and those of the sync engine.
        public let writes: Int
        /// SQL statements that began to run, of all clients of this process.
        public let statements: Int
        /// Bytes that databases and their logs were written with, of all clients of this process. `nil` where that is not
        /// counted.
        public let bytesWritten: Int?
        /// How often a thread handed work or a result of a write to another one.
        public let wakeups: Int
        /// HTTP requests.
        public let requests: Int
        /// Bytes sent.
        public let bytesUp: Int
        /// Bytes received.
        public let bytesDown: Int
        /// Fetches that were answered by what is here and fresh.
        public let cacheHits: Int
        /// Fetches that were answered by what is here and may be out of date.
        public let staleCacheHits: Int
        /// Fetches that found nothing here.
        public let cacheMisses: Int
        /// Documents that lost their content to a limit.
        public let evictions: Int
        /// Refreshes that went well. Several fetches may have shared one.
        public let refreshes: Int
        /// Refreshes that failed.
        public let failedRefreshes: Int
        /// How many seconds the last refresh took that went well, waiting for its turn included.
        public let lastRefresh: TimeInterval?
        /// How many seconds they took on average.
        public let meanRefresh: TimeInterval?
    }

    /// Counters of this process. Returns at once.
    ///
    /// - Throws: ``HolmError`` for a defect of the core only.
    public func stats() throws(HolmError) -> Stats {
        Stats(try translating { try ffi.stats() })
    }

    /// Everything that queries see:
    /// `{"<collection>":{"count":n,"digest":"…","docs":[{"id","doc","status","version","seq"}]}}`, documents sorted by
    /// id. For support and tests: reads all.
    ///
    /// - Throws: ``HolmError``: `SUSPENDED`, `CLOSED`, and those of storage.
    public func dump() async throws(HolmError) -> JSON {
        try JSONReader.read(try translating { try ffi.dump() })
    }

    /// The version of the core that is linked.
    ///
    /// - Throws: ``HolmError`` for a defect of the core only.
    public static func version() throws(HolmError) -> String {
        try translating { try ffiVersion() }
    }
}

extension Holm.Stats {
    fileprivate init(_ stats: FfiStats) {
        self.init(
            commits: Int(clamping: stats.commits), forcedWrites: Int(clamping: stats.forcedWrites),
            writes: Int(clamping: stats.writes), statements: Int(clamping: stats.statements),
            bytesWritten: stats.bytesWritten.map(Int.init(clamping:)), wakeups: Int(clamping: stats.wakeups),
            requests: Int(clamping: stats.requests),
            bytesUp: Int(clamping: stats.bytesUp),
            bytesDown: Int(clamping: stats.bytesDown), cacheHits: Int(clamping: stats.cacheHits),
            staleCacheHits: Int(clamping: stats.cacheStaleHits), cacheMisses: Int(clamping: stats.cacheMisses),
            evictions: Int(clamping: stats.evictions), refreshes: Int(clamping: stats.refreshes),
            failedRefreshes: Int(clamping: stats.failedRefreshes),
            lastRefresh: stats.lastRefreshMs.map { Double($0) / 1_000 },
            meanRefresh: stats.meanRefreshMs.map { Double($0) / 1_000 })
    }
}

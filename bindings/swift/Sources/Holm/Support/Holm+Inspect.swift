internal import HolmBindings

extension Holm {
    /// Counters of this process, since the client was opened.
    public struct Stats: Hashable, Sendable {
        /// Transactions.
        public let commits: Int
        /// Transactions that were forced to the disk before anybody was told.
        public let forcedWrites: Int
        /// Acknowledged writes, the app's and those of the sync engine.
        public let writes: Int
        /// HTTP requests.
        public let requests: Int
        /// Bytes sent.
        public let bytesUp: Int
        /// Bytes received.
        public let bytesDown: Int
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
            writes: Int(clamping: stats.writes), requests: Int(clamping: stats.requests),
            bytesUp: Int(clamping: stats.bytesUp), bytesDown: Int(clamping: stats.bytesDown))
    }
}

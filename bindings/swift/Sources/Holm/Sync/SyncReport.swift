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
        /// HTTP requests.
        public let requests: Int
        /// Bytes sent.
        public let bytesUp: Int
        /// Bytes received.
        public let bytesDown: Int
        /// How many seconds it took.
        public let duration: TimeInterval
    }

    /// The kind of network that a device has.
    public enum Network: CaseIterable, Hashable, Sendable {
        /// None: no request is tried.
        case offline
        /// Mobile data or another metered network.
        case cellular
        /// Wi-Fi, cable, or unknown.
        case unmetered
    }
}

extension Holm.SyncReport {
    init(_ report: FfiSyncReport) {
        self.init(
            pushed: Int(clamping: report.pushed), pulled: Int(clamping: report.pulled),
            conflicts: Int(clamping: report.conflicts), parked: Int(clamping: report.parked),
            requests: Int(clamping: report.requests), bytesUp: Int(clamping: report.bytesUp),
            bytesDown: Int(clamping: report.bytesDown), duration: Double(report.durationMs) / 1_000)
    }
}

extension Holm.Network {
    var translated: FfiNetwork {
        switch self {
        case .offline: .offline
        case .cellular: .cellular
        case .unmetered: .unmetered
        }
    }
}

import Foundation
internal import HolmBindings

extension Holm {
    /// The client's state, for a status bar.
    public struct Status: Hashable, Sendable {
        /// What the sync engine is doing.
        public let phase: Phase
        /// Writes that will be sent: queued or on their way.
        public let pending: Int
        /// Writes that the server refused, see ``Holm/parkedWrites()``.
        public let parked: Int
        /// Documents whose conflict the app has not resolved yet, see ``Holm/conflicts()``.
        public let conflicts: Int
        /// Writes among the pending ones that wait for a time of their own after a failure, see ``SyncReport/deferred``.
        public let deferred: Int
        /// Records that the server has and this version cannot read, and collections that it refuses: see ``SyncReport/setAside``.
        public let setAside: Int
        /// When everything was last in step with the server, in the server's time.
        public let lastSync: Date?
        /// How far the running sync has come.
        public let progress: Progress?
        /// Why the last round failed, if it did.
        public let lastError: SyncError?
    }

    /// What the sync engine is doing.
    public enum Phase: CaseIterable, Hashable, Sendable {
        /// Nothing to do, or waiting for a trigger.
        case idle
        /// Reading changes from the server.
        case pulling
        /// Sending writes.
        case pushing
        /// The app, or ``Holm/attach()``, has said that there is no network.
        case offline
        /// The last round failed; the next one is timed.
        case waiting
        /// The server wants a sign-in.
        case signedOut
        /// Files and sockets are closed until ``Holm/resume()``.
        case suspended
        /// Closed for good.
        case closed
    }

    /// How far a sync has come.
    public struct Progress: Hashable, Sendable {
        /// Documents applied and writes settled so far.
        public let done: Int
        /// How many there are in all, where the server said.
        public let total: Int?
    }

    /// Why a round of sync failed.
    public struct SyncError: Hashable, Sendable {
        /// What kind of failure it is.
        public let code: HolmError.Code
        /// What happened, in English.
        public let message: String
    }
}

extension Holm {
    /// The client's state now.
    ///
    /// - Throws: ``HolmError``: `SUSPENDED`, `CLOSED`, and those of storage.
    public func status() async throws(HolmError) -> Status {
        Status(try translating { try ffi.state() })
    }
}

extension Holm.Status {
    init(_ state: FfiSyncState) {
        self.init(
            phase: Holm.Phase(state.phase), pending: Int(clamping: state.pending), parked: Int(clamping: state.failed),
            conflicts: Int(clamping: state.conflicts), deferred: Int(clamping: state.deferred),
            setAside: Int(clamping: state.setAside), lastSync: state.lastSyncMs.map(Date.init(milliseconds:)),
            progress: state.progressDone.map { done in
                Holm.Progress(done: Int(clamping: done), total: state.progressTotal.map { Int(clamping: $0) })
            },
            lastError: state.lastErrorCode.map { code in
                Holm.SyncError(code: .init(rawValue: code), message: state.lastErrorMessage ?? "")
            })
    }
}

extension Holm.Phase {
    init(_ phase: FfiPhase) {
        self =
            switch phase {
            case .idle: .idle
            case .pulling: .pulling
            case .pushing: .pushing
            case .offline: .offline
            case .waiting: .waiting
            case .signedOut: .signedOut
            case .suspended: .suspended
            case .closed: .closed
            }
    }
}

extension Date {
    /// A moment as the core tells it.
    init(milliseconds: Int64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1_000)
    }
}

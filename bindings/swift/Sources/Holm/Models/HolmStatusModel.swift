import Foundation
import Observation

/// What a status bar shows: whether the client is syncing, what waits, and when it was last in step.
///
/// ```swift
/// @State var status: HolmStatusModel
///
/// Label("\(status.pendingCount) to send", systemImage: "arrow.up").task { await status.run() }
/// list.refreshable { await status.sync() }
/// ```
@available(iOS 17, macOS 14, tvOS 17, watchOS 10, *)
@MainActor @Observable
public final class HolmStatusModel {
    /// The client's state; `nil` before ``run()`` has read it.
    public private(set) var status: Holm.Status?

    /// Why the last ``sync()`` failed, or why the state is not followed any more; `nil` if all is well.
    public private(set) var error: HolmError?

    /// Whether the client is talking with the server.
    public var isSyncing: Bool { status?.phase == .pulling || status?.phase == .pushing }

    /// Whether there is no network.
    public var isOffline: Bool { status?.phase == .offline }

    /// How many writes will be sent.
    public var pendingCount: Int { status?.pending ?? 0 }

    /// How many writes the server refused, see ``Holm/parkedWrites()``.
    public var parkedCount: Int { status?.parked ?? 0 }

    /// How many documents have a conflict that the app has not resolved yet, see ``Holm/conflicts()``.
    public var conflictCount: Int { status?.conflicts ?? 0 }

    /// When everything was last in step with the server, in the server's time.
    public var lastSync: Date? { status?.lastSync }

    @ObservationIgnored private let holm: Holm
    /// As in ``HolmListModel``: counts the calls of ``run()``.
    @ObservationIgnored private var turn = 0

    /// The state of this client.
    public init(_ holm: Holm) {
        self.holm = holm
    }

    /// Follows the client's state until the task is cancelled or the client is closed: made for `.task`. A later call
    /// takes over from an earlier one.
    public func run() async {
        turn += 1
        let mine = turn
        do {
            for try await status in holm.statuses {
                guard mine == turn else { return }
                self.status = status
            }
        } catch {
            if mine == turn { self.error = HolmError(error) }
        }
    }

    /// Syncs now and waits for the end: made for `.refreshable`. A failure is told by ``error``; queued writes stay
    /// queued. Cancelling the task gives up waiting, not the sync, and is no failure.
    public func sync() async {
        do {
            try await holm.sync()
            error = nil
        } catch {
            self.error = error.code == .cancelled ? nil : error
        }
    }
}

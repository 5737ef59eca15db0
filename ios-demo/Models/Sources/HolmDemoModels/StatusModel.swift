import Foundation
import Holm
import Observation

/// How the whole device stands with the server.
@MainActor @Observable
public final class StatusModel: Model {
    /// The client's state; `nil` until it is read.
    public var state: Holm.Status? { status.status }

    private let status: HolmStatusModel

    init(_ status: HolmStatusModel) {
        self.status = status
    }

    /// Keeps the model up to date until the task is cancelled.
    public func run() async {
        await status.run()
    }

    /// Reads and sends now.
    public func sync() async {
        await status.sync()
        if let error = status.error { message = error.told }
    }
}

extension Holm.Status {
    /// Whether something is read or sent at this moment.
    public var isSyncing: Bool { phase == .pulling || phase == .pushing }

    /// What the engine is doing.
    public var told: Message {
        switch phase {
        case .idle: pending > 0 ? Message("tasks_unsynced", .number(pending)) : Message("status_idle")
        case .pulling: Message("status_pulling")
        case .pushing: Message("status_pushing")
        case .offline: Message("status_offline")
        case .waiting: Message("status_waiting")
        case .signedOut: Message("status_signed_out")
        case .suspended: Message("status_suspended")
        case .closed: Message("status_closed")
        }
    }

    /// How far it is, while it syncs.
    public var progressTold: Message? {
        progress.map { progress in
            progress.total.map { Message("status_progress", .number(progress.done), .number($0)) }
                ?? Message("status_progress_open", .number(progress.done))
        }
    }

    /// When everything was last in step.
    public func lastSyncTold(at now: Date) -> Message {
        lastSync.map { Message(ageOf: $0, at: now) } ?? Message("status_never")
    }
}

extension Message {
    /// How long ago something was.
    init(ageOf date: Date, at now: Date) {
        let minutes = Int(max(0, now.timeIntervalSince(date)) / 60)
        self =
            switch minutes {
            case 0: Message("time_now")
            case ..<60: Message("time_minutes", .number(minutes))
            case ..<1_440: Message("time_hours", .number(minutes / 60))
            default: Message("time_days", .number(minutes / 1_440))
            }
    }
}

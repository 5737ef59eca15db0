import Foundation
import Holm
import Observation

/// What a tester needs.
@MainActor @Observable
public final class DebugModel: Model {
    /// Whether the client believes that there is no network.
    public var isOffline = false {
        didSet { holm.setNetwork(isOffline ? .offline : .unmetered) }
    }

    /// How many writes ``clearQueue()`` would give up; `nil` unless it waits for a yes.
    public var toClear: Int?

    /// The last exported log.
    public private(set) var log: URL?

    private let holm: Holm
    private let session: SessionModel
    private let exports: URL
    private let todos: HolmCollection<Todo>

    init(_ holm: Holm, session: SessionModel, exports: URL) {
        self.holm = holm
        self.session = session
        self.exports = exports
        todos = holm.collection(Todo.self)
    }

    /// Reads and sends now.
    public func forceSync() async {
        await work {
            let report = try await self.holm.sync()
            self.message = Message("debug_synced", .number(report.pushed), .number(report.pulled))
        }
    }

    /// As if the device had no network.
    public func simulateOffline(_ isOffline: Bool) {
        self.isOffline = isOffline
    }

    /// Makes a real conflict in the newest task: while nothing is synced here, another device of this account edits it,
    /// and so does this one.
    ///
    /// - Parameter mark: Words the two edits: given `debug_conflict_mine` or `debug_conflict_theirs` and the title,
    ///   returns another title.
    public func simulateConflict(mark: @MainActor (_ key: String, _ title: String) -> String) async {
        await work {
            try await self.holm.sync()
            let newest = Holm.Query(orderBy: .desc("createdAt"), limit: 1)
            guard let todo = try await self.todos.query(newest).first else {
                self.message = Message("debug_conflict_no_task")
                return
            }
            guard let other = try await self.session.otherDevice() else {
                self.message = Message("debug_sign_in_again")
                return
            }
            try await other.sync()
            self.holm.setNetwork(.offline)
            defer { self.simulateOffline(self.isOffline) }
            try await self.todos.update(todo.id, \.title, to: mark("debug_conflict_mine", todo.title))
            try await other.collection(Todo.self).update(
                todo.id, \.title, to: mark("debug_conflict_theirs", todo.title))
            try await other.sync()
            try await other.close()
            self.message = Message("debug_conflict_made", .text(todo.title))
        }
        if message?.key == "debug_conflict_made" { await guarded { try await self.holm.sync() } }
    }

    /// Writes what sync did to a file: states and counts, no content of tasks.
    public func exportLog() async {
        await work {
            try FileManager.default.createDirectory(at: self.exports, withIntermediateDirectories: true)
            let name = "holm-log-\(Int(Date.now.timeIntervalSince1970)).txt"
            let file = self.exports.appendingPathComponent(name)
            try await self.report().joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
            self.log = file
            self.message = Message("debug_exported", .text(name))
        }
    }

    /// Counts what would be given up, for the question before ``clearQueue()``.
    public func askToClear() async {
        await work { self.toClear = try await self.holm.pendingWrites(limit: 10_000).count }
    }

    /// Answers no.
    public func keepQueue() {
        toClear = nil
    }

    /// Gives up everything that the server does not have. What it may have, because a request went out, stays until
    /// that is known.
    public func clearQueue() async {
        await work {
            self.toClear = nil
            for conflict in try await self.holm.conflicts() { try await conflict.resolve(.keepServer) }
            for write in try await self.holm.pendingWrites(limit: 10_000) { try await self.giveUp(write) }
            let left = try await self.holm.pendingWrites().count
            self.message = left == 0 ? Message("debug_cleared") : Message("tasks_unsynced", .number(left))
        }
    }

    private func giveUp(_ write: Holm.PendingWrite) async throws {
        do {
            try await write.discard()
        } catch {
            // Given up with its document's create, or on its way.
            guard error.code == .notFound else { throw error }
        }
    }

    private func report() async throws -> [String] {
        let (status, stats) = (try await holm.status(), try holm.stats())
        return [
            "core \(try Holm.version()), device \(holm.deviceID)",
            "\(status.phase), pending \(status.pending), parked \(status.parked), conflicts \(status.conflicts)",
            "requests \(stats.requests), bytes up \(stats.bytesUp), bytes down \(stats.bytesDown)",
            "last sync \(status.lastSync?.description ?? "never")",
            "last error \(status.lastError?.code.rawValue ?? "none")",
        ]
            + (try await holm.pendingWrites()).map {
                "\($0.state) \($0.kind) \($0.documentID), attempts \($0.attempts), \($0.refusal?.code ?? "no error")"
            }
            + (try await holm.journal()).map { "lost \($0.at) \($0.documentID), \($0.reason)" }
            + session.log.lines.map(\.description)
    }
}

import Foundation
import Holm

/// The models of one account that is signed in, one for each screen.
@MainActor
public final class Workspace {
    /// The list of tasks.
    public let tasks: TaskListModel
    /// What two devices disagree about.
    public let conflicts: ConflictsModel
    /// What the server refused.
    public let inbox: InboxModel
    /// How the device stands with the server.
    public let status: StatusModel
    /// What a tester needs.
    public let debug: DebugModel

    /// This device's id.
    public var deviceID: String { holm.deviceID }

    private let holm: Holm

    init(_ holm: Holm, session: SessionModel, exports: URL) {
        self.holm = holm
        tasks = TaskListModel(holm)
        conflicts = ConflictsModel(holm)
        inbox = InboxModel(holm)
        status = StatusModel(holm)
        debug = DebugModel(holm, session: session, exports: exports)
    }

    /// The model of one task's screen.
    public func detail(_ id: String) -> TaskDetailModel {
        TaskDetailModel(holm, id: id)
    }

    /// Keeps all models up to date until the task is cancelled.
    public func run() async {
        let models: [@MainActor @Sendable () async -> Void] = [
            tasks.run, conflicts.run, inbox.run, status.run,
        ]
        await withTaskGroup(of: Void.self) { group in
            for run in models { group.addTask { await run() } }
        }
    }
}

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
        let state = HolmStatusModel(holm)
        tasks = TaskListModel(holm, state)
        conflicts = ConflictsModel(holm)
        inbox = InboxModel(holm)
        status = StatusModel(state)
        debug = DebugModel(holm, session: session, exports: exports)
    }

    /// The model of one task's screen.
    public func detail(_ id: String) -> TaskDetailModel {
        TaskDetailModel(holm, id: id)
    }

    /// Keeps up to date what is not one screen's own, until the task is cancelled.
    public func run() async {
        async let conflicts: Void = conflicts.run()
        async let inbox: Void = inbox.run()
        async let status: Void = status.run()
        _ = await (conflicts, inbox, status)
    }
}

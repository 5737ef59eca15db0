import Holm
import Observation

/// Which tasks are shown.
public enum TaskFilter: CaseIterable, Hashable, Sendable {
    /// Every task.
    case all
    /// Those that are not done.
    case open
    /// Those that are done.
    case done

    var query: Holm.Query {
        let filter: Holm.Filter? =
            switch self {
            case .all: nil
            case .open: .eq("isCompleted", false)
            case .done: .eq("isCompleted", true)
            }
        return Holm.Query(where: filter, orderBy: .desc("createdAt"))
    }
}

/// The list of tasks. Everything here works without a network.
@MainActor @Observable
public final class TaskListModel: Model {
    /// Which tasks are shown.
    public var filter = TaskFilter.all

    /// The tasks that ``filter`` lets through, newest first.
    public var tasks: [Holm.Stored<Todo>] { list.documents }

    /// Whether there are none, and not just none yet.
    public var isEmpty: Bool { list.isLoaded && list.documents.isEmpty }

    /// How many writes the server does not have.
    public var unsynced: Int { status.pendingCount + status.parkedCount + status.conflictCount }

    private let holm: Holm
    private let todos: HolmCollection<Todo>
    private let list: HolmListModel<Todo>
    private let status: HolmStatusModel

    init(_ holm: Holm, _ status: HolmStatusModel) {
        self.holm = holm
        self.status = status
        todos = holm.collection(Todo.self)
        list = HolmListModel(todos.live(TaskFilter.all.query))
    }

    /// Keeps the list up to date until the task is cancelled; again when ``filter`` changes.
    public func run() async {
        await list.run(todos.live(filter.query))
        if let error = list.error { message = error.told }
    }

    /// Makes a task.
    public func create(_ title: String) async {
        await work { try await self.todos.create(Todo(title: title.trimmed)) }
    }

    /// Marks a task as done, or as open again.
    public func toggle(_ todo: Todo) async {
        await work { try await self.todos.update(todo.id, \.isCompleted, to: !todo.isCompleted) }
    }

    /// Deletes a task.
    public func delete(_ todo: Todo) async {
        await work { try await self.todos.delete(todo.id) }
    }

    /// Asks the server for news, and sends what is queued.
    public func refresh() async {
        await work { try await self.holm.sync() }
    }
}

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
    public var filter = TaskFilter.all {
        didSet { if filter != oldValue { watch() } }
    }

    /// The tasks that ``filter`` lets through, newest first; `nil` until they are read.
    public private(set) var tasks: [Holm.Stored<Todo>]?

    /// How many writes the server does not have.
    public private(set) var unsynced = 0

    private let holm: Holm
    private let todos: HolmCollection<Todo>
    private var watching: Task<Void, Never>?

    init(_ holm: Holm) {
        self.holm = holm
        todos = holm.collection(Todo.self)
    }

    /// Keeps the model up to date until the task is cancelled.
    public func run() async {
        watch()
        await guarded {
            for try await status in self.holm.statuses {
                self.unsynced = status.pending + status.parked + status.conflicts
            }
        }
        watching?.cancel()
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

    private func watch() {
        watching?.cancel()
        watching = Task { [weak self, live = todos.live(filter.query)] in
            await self?.guarded {
                for try await snapshot in live { self?.tasks = snapshot.items }
            }
        }
    }
}

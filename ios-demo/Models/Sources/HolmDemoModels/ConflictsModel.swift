import Holm
import Observation

/// The conflicts that wait for a person.
@MainActor @Observable
public final class ConflictsModel: Model {
    /// Oldest first.
    public private(set) var conflicts: [TodoConflict] = []

    /// What was chosen for single fields; of the others mine stands.
    public var choices: [TodoField: Side] = [:]

    /// Whose version of a field stands.
    public subscript(field: TodoField) -> Side {
        get { choices[field] ?? .mine }
        set { choices[field] = newValue }
    }

    private let holm: Holm

    init(_ holm: Holm) {
        self.holm = holm
    }

    /// Keeps the model up to date until the task is cancelled.
    public func run() async {
        await guarded {
            for try await _ in self.holm.statuses { try await self.read() }
        }
    }

    /// What was changed here stands.
    public func keepMine(_ conflict: TodoConflict) async {
        await resolve(conflict, .keepLocal)
    }

    /// The server's task stands.
    public func useServer(_ conflict: TodoConflict) async {
        await resolve(conflict, .keepServer)
    }

    /// Joins both sides as ``choices`` says. For conflicts in which nothing was deleted.
    public func mergeByField(_ conflict: TodoConflict) async {
        await work {
            guard let merged = try conflict.merged(self.choices) else { return }
            try await self.settle(conflict, .document(merged))
        }
    }

    private func resolve(_ conflict: TodoConflict, _ resolution: Holm.Resolution) async {
        await work { try await self.settle(conflict, resolution) }
    }

    private func settle(_ conflict: TodoConflict, _ resolution: Holm.Resolution) async throws {
        try await conflict.conflict.resolve(resolution)
        choices = [:]
        try await read()
    }

    private func read() async throws {
        conflicts = try await holm.conflicts().filter { $0.collection == Todo.collection.name }.map(TodoConflict.init)
    }
}

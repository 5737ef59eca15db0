import Holm
import Observation

/// A write that the server refused, and the task as it is here.
public struct ParkedWrite: Identifiable, Sendable {
    let write: Holm.PendingWrite
    /// The task with the refused change; `nil`: deleted here.
    public let todo: Todo?

    /// The write's id.
    public var id: String { write.id }

    /// What it does.
    public var kind: Message {
        switch write.kind {
        case .create: Message("inbox_kind_create")
        case .update: Message("inbox_kind_update")
        case .delete: Message("inbox_kind_delete")
        case .action: Message("inbox_kind_action")
        }
    }

    /// Why the server refused it, in the server's words.
    public var reason: Message {
        let fields = write.refusal?.fields.sorted { $0.key < $1.key }
            .compactMap { field, why in why.string.map { "\(field): \($0)" } }
        let words = fields?.joined(separator: ", ") ?? ""
        return Message("inbox_reason", .text(words.isEmpty ? write.refusal?.message ?? "" : words))
    }
}

/// Writes that the server refused. They wait here, and hold up no others.
@MainActor @Observable
public final class InboxModel: Model {
    /// Oldest first.
    public private(set) var parked: [ParkedWrite] = []

    private let holm: Holm
    private let todos: HolmCollection<Todo>

    init(_ holm: Holm) {
        self.holm = holm
        todos = holm.collection(Todo.self)
    }

    /// Keeps the model up to date until the task is cancelled.
    public func run() async {
        await guarded {
            for try await _ in self.holm.statuses { try await self.read() }
        }
    }

    /// Sends it again as it is.
    public func retry(_ parked: ParkedWrite) async {
        await work { try await parked.write.retry() }
    }

    /// Repairs the task, and sends the write again with that.
    public func editAndRetry(_ parked: ParkedWrite, title: String, notes: String) async {
        await work {
            if let old = parked.todo {
                var new = old
                (new.title, new.notes) = (title.trimmed, notes)
                try await self.todos.update(from: old, to: new)
            }
            try await parked.write.retry()
        }
    }

    /// Gives it up: the task goes back to what the server has.
    public func discard(_ parked: ParkedWrite) async {
        await work { try await parked.write.discard() }
    }

    private func read() async throws {
        var parked: [ParkedWrite] = []
        for write in try await holm.parkedWrites() where write.collection == todos.name {
            parked.append(ParkedWrite(write: write, todo: try await todos.get(write.documentID)))
        }
        self.parked = parked
    }
}

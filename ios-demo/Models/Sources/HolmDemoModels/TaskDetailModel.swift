import Foundation
import Holm
import Observation

/// One task: a draft of its texts, and how it stands with the server.
@MainActor @Observable
public final class TaskDetailModel: Model {
    /// The task as it is stored; `nil` until it is read, and when it ``isGone``.
    public private(set) var stored: Holm.Stored<Todo>?
    /// Whether it has been deleted, here or elsewhere.
    public private(set) var isGone = false

    /// The draft's title.
    public var title = ""
    /// The draft's notes.
    public var notes = ""

    private let todos: HolmCollection<Todo>
    private let id: String

    init(_ holm: Holm, id: String) {
        todos = holm.collection(Todo.self)
        self.id = id
    }

    /// Whether the draft has something to save.
    public var hasChanges: Bool {
        guard let todo = stored?.value else { return false }
        return todo.title != title || todo.notes != notes
    }

    /// What the task's sync status means.
    public var explanation: Message {
        switch stored?.status {
        case .synced, nil: Message("explain_synced")
        case .pendingCreate, .pendingUpdate, .pendingDelete: Message("explain_pending")
        case .syncing: Message("explain_syncing")
        case .failed: Message("explain_failed")
        case .conflict: Message("explain_conflict")
        }
    }

    /// Keeps the model up to date until the task is cancelled. What a person has begun to edit stays as it is.
    public func run() async {
        await guarded {
            for try await snapshot in self.todos.live(where: .eq("id", self.id)) {
                let next = snapshot.documents.first
                if let next, !self.hasChanges { (self.title, self.notes) = (next.value.title, next.value.notes) }
                self.stored = next
                self.isGone = next == nil
            }
        }
    }

    /// Writes the fields of the draft that differ.
    public func save() async {
        await work {
            guard let old = self.stored?.value else { return }
            var new = old
            (new.title, new.notes) = (self.title.trimmed, self.notes)
            try await self.todos.update(from: old, to: new)
            self.title = new.title
        }
    }

    /// Marks the task as done, or as open again.
    public func toggle() async {
        await work {
            guard let todo = self.stored?.value else { return }
            try await self.todos.update(todo.id, \.isCompleted, to: !todo.isCompleted)
        }
    }

    /// Deletes the task.
    public func delete() async {
        await work { try await self.todos.delete(self.id) }
    }
}

import Foundation
import Holm

/// What the app is about. The Android demo has the same documents: both may be signed in to one account.
public struct Todo: HolmDocument, Hashable {
    /// A person decides about conflicts: the app has a screen for that.
    public static let collection = Holm.CollectionDescriptor(
        "todos", conflict: .prompt, indexes: [["isCompleted", "createdAt"]])

    /// The document's id.
    public var id = Holm.newID()
    /// What needs doing. The demo's server takes at most 80 characters.
    public var title: String
    /// Whatever else there is to say.
    public var notes = ""
    /// Whether it is done.
    public var isCompleted = false
    /// When it was made, in milliseconds since 1970.
    public var createdAt = Int64(Date.now.timeIntervalSince1970 * 1_000)

    /// A new task.
    public init(title: String) {
        self.title = title
    }
}

/// The fields that a person edits, and decides about.
public enum TodoField: String, CaseIterable, Hashable, Sendable {
    /// ``Todo/title``.
    case title
    /// ``Todo/notes``.
    case notes
    /// ``Todo/isCompleted``.
    case isCompleted

    /// The key of its name in the table of texts.
    public var label: String {
        switch self {
        case .title: "task_field_title"
        case .notes: "task_field_notes"
        case .isCompleted: "task_field_done"
        }
    }
}

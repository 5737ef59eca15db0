import Holm

/// Whose version of a field stands.
public enum Side: CaseIterable, Hashable, Sendable {
    /// This device's.
    case mine
    /// The server's.
    case server
}

/// A conflict with both of its sides; one that is `nil` was deleted there.
public struct TodoConflict: Identifiable, Sendable {
    /// The conflict itself.
    let conflict: Holm.Conflict
    /// The task as it is here.
    public let mine: Todo?
    /// The task as it is on the server.
    public let server: Todo?

    init(_ conflict: Holm.Conflict) throws(HolmError) {
        self.conflict = conflict
        mine = try conflict.local?.decode(Todo.self)
        server = try conflict.server?.decode(Todo.self)
    }

    /// The conflict's number.
    public var id: Int64 { conflict.id }

    /// The task's title, to name it by.
    public var title: String { (mine ?? server)?.title ?? "" }

    /// Whether fields can be chosen: nothing was deleted.
    public var canMerge: Bool { mine != nil && server != nil }

    /// Whether the sides have different values there.
    public func differs(_ field: TodoField) -> Bool {
        switch field {
        case .title: mine?.title != server?.title
        case .notes: mine?.notes != server?.notes
        case .isCompleted: mine?.isCompleted != server?.isCompleted
        }
    }

    /// My document with the fields that the server won: what else a newer app has put into it stays.
    func merged(_ choices: [TodoField: Side]) throws(HolmError) -> Holm.JSON? {
        guard case .object(var members) = try conflict.local?.json(), let server = try conflict.server?.json() else {
            return nil
        }
        for (field, side) in choices where side == .server { members[field.rawValue] = server[field.rawValue] }
        return .object(members)
    }
}

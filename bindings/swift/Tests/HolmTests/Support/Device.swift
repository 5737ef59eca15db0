import Foundation
import Holm

/// A device of one person: a client with a directory of its own, signed in. Sendable, for a test restarts it itself.
final class Device: @unchecked Sendable {
    private(set) var holm: Holm
    private let configuration: HolmConfiguration
    private let scratch: Scratch

    /// Where its data is.
    var directory: URL { scratch.url.appendingPathComponent("data") }

    var todos: HolmCollection<Todo> { holm.collection(Todo.self) }
    var lists: HolmCollection<TodoList> { holm.collection(TodoList.self) }

    /// Opens a client and signs in; the first device of a person makes the account.
    init(
        _ server: TestServer, email: String = "a@example.com", isFirst: Bool = false,
        conflict: Holm.ConflictStrategy = .merge, autoSync: Bool = false
    ) async throws {
        var todos = Todo.collection
        todos.conflict = conflict
        scratch = try Scratch()
        configuration = HolmConfiguration(
            baseURL: server.url, storage: .directory(scratch.url.appendingPathComponent("data")),
            collections: [todos, TodoList.collection], secrets: .files, autoSync: autoSync, debounce: 0.01)
        holm = try await Holm.open(configuration)
        if isFirst {
            try await holm.signUp(email: email, password: "correct horse")
        } else {
            try await holm.signIn(email: email, password: "correct horse")
        }
    }

    /// Two devices of one person.
    static func pair(
        _ server: TestServer, conflict: Holm.ConflictStrategy = .merge
    ) async throws -> (Device, Device) {
        let first = try await Device(server, isFirst: true, conflict: conflict)
        return (first, try await Device(server, conflict: conflict))
    }

    /// The app is closed and started again.
    func restart() async throws {
        try await holm.close()
        holm = try await Holm.open(configuration)
    }
}

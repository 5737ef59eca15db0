import Foundation
import Holm
import Testing

@testable import HolmDemoModels

/// One installation of the app, without its views.
@MainActor
final class Phone {
    private(set) var session: SessionModel
    private let files: URL
    private let preferences: UserDefaults
    private var running: [Task<Void, Never>] = []

    init(_ server: DemoServer) throws {
        let name = "holm-demo-\(UUID().uuidString)"
        files = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        preferences = try #require(UserDefaults(suiteName: name))
        session = SessionModel(files: files, preferences: preferences)
        session.server = server.url
        session.email = "ada@example.com"
        session.password = "correct horse"
    }

    /// A phone whose owner has an account now.
    static func signedUp(_ server: DemoServer) async throws -> Phone {
        let phone = try Phone(server)
        await phone.session.signUp()
        try phone.run()
        return phone
    }

    /// Another phone of the same owner.
    static func signedIn(_ server: DemoServer) async throws -> Phone {
        let phone = try Phone(server)
        await phone.session.signIn()
        try phone.run()
        return phone
    }

    /// Two phones of one owner that have the same task.
    static func pair(_ server: DemoServer, sharing title: String) async throws -> (Phone, Phone) {
        let first = try await Phone.signedUp(server)
        await first.workspace.tasks.create(title)
        await first.workspace.debug.forceSync()
        let second = try await Phone.signedIn(server)
        await second.workspace.debug.forceSync()
        _ = try await second.task()
        return (first, second)
    }

    var workspace: Workspace {
        guard let workspace = session.workspace else { fatalError("no account is signed in") }
        return workspace
    }

    /// The only task, once it fulfils a condition.
    @discardableResult
    func task(where fits: @escaping (Holm.Stored<Todo>) -> Bool = { _ in true }) async throws -> Todo {
        let tasks = workspace.tasks
        let stored = try await eventually {
            tasks.tasks.count == 1 ? tasks.tasks.first { fits($0) } : nil
        }
        return stored.value
    }

    /// Takes the network away, and waits until whatever was on its way has ended.
    func goOffline() async {
        workspace.debug.simulateOffline(true)
        await workspace.status.sync()
    }

    /// Changes the only task in the form of its screen.
    func edit(_ change: (TaskDetailModel) -> Void) async throws {
        let detail = workspace.detail(try await task().id)
        let running = Task { await detail.run() }
        try await eventually { detail.stored != nil }
        change(detail)
        await detail.save()
        running.cancel()
    }

    /// The app is closed and started again.
    func restart() async throws {
        stop()
        try await session.holm?.close()
        session = SessionModel(files: files, preferences: preferences)
        await session.start()
        if session.workspace != nil { try run() }
    }

    /// The app is deleted.
    func remove() async throws {
        stop()
        try await session.holm?.close()
        try FileManager.default.removeItem(at: files)
    }

    func run() throws {
        let workspace = try #require(session.workspace, "\(session.message?.key ?? "no word of why")")
        stop()
        running = [Task { await workspace.run() }, Task { await workspace.tasks.run() }]
    }

    /// Shows a part of the list, as its screen does.
    func show(_ filter: TaskFilter) {
        let tasks = workspace.tasks
        tasks.filter = filter
        running.append(Task { await tasks.run() })
    }

    private func stop() {
        for task in running { task.cancel() }
    }
}

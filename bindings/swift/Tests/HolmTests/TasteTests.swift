import Foundation
import Holm
import Testing

// The taste that the front page gives: what stands between the marks must compile as it is.

private func taste(url: URL) async throws {
    // taste: begin
    struct Todo: HolmDocument {
        static let collection = Holm.CollectionDescriptor(
            "todos", conflict: .prompt, indexes: [["isCompleted", "createdAt"]])
        var id = Holm.newID()
        var title: String
        var isCompleted = false
        var createdAt = Int64(Date().timeIntervalSince1970 * 1_000)
    }

    let holm = try await Holm.open(.init(baseURL: url, storage: .appSupport("errands"), collections: [Todo.collection]))
    let todos = holm.collection(Todo.self)

    let milk = Todo(title: "Buy milk")
    try await todos.create(milk)  // here at once; on the server once signed in, and when there is a network
    try await todos.update(milk.id) { $0.isCompleted = true }

    for conflict in try await holm.conflicts() {
        try await conflict.resolve(.keepLocal)
    }
    for try await open in todos.live(where: .eq("isCompleted", false), orderBy: .desc("createdAt"), limit: 50) {
        print(open.values.map(\.title))  // now, and again whenever it changes, until the task is cancelled
    }
    // taste: end
}

extension HolmSuite {
    /// The front page.
    @Suite struct Taste {
        @Test func the_taste_runs_until_its_task_is_cancelled() async throws {
            let url = try #require(URL(string: "http://127.0.0.1:9"))
            let home = FileManager.default.urls(for: .applicationSupportDirectory, in: .userDomainMask)[0]
            defer { try? FileManager.default.removeItem(at: home.appendingPathComponent("Holm/errands")) }
            let task = Task { try await taste(url: url) }
            let database = home.appendingPathComponent("Holm/errands/holm.db").path
            await Resources.eventually { FileManager.default.fileExists(atPath: database) }
            task.cancel()
            try await task.value
        }
    }
}

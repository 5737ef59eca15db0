import Holm
import Testing

extension HolmSuite {
    /// What survives the end of the app.
    @Suite struct Restart {
        @Test func documents_and_queue_are_there_after_a_restart() async throws {
            let scratch = try Scratch()
            let configuration = HolmConfiguration(storage: .directory(scratch.url), collections: [Todo.collection])
            let milk = Todo(title: "Buy milk")
            let first = try await Holm.open(configuration)
            let receipt = try await first.collection(Todo.self).create(milk)
            try await first.collection(Todo.self).update(milk.id) { $0.priority = 2 }
            let deviceID = first.deviceID
            try await first.close()

            let second = try await Holm.open(configuration)
            #expect(second.deviceID == deviceID)
            #expect(try await second.collection(Todo.self).get(milk.id)?.priority == 2)
            let pending = try await second.pendingWrites()
            #expect(pending.map(\.id) == [receipt.operationID])
            #expect(pending.map(\.documentID) == [milk.id])
            #expect(pending.map(\.kind) == [.create])
            #expect(pending.map(\.state) == [.queued])
            #expect(try await second.status().pending == 1)
            try await second.close()
        }

        @Test func what_was_queued_before_a_restart_reaches_the_server_after_it() async throws {
            try await withServer { server in
                let (device, other) = try await Device.pair(server)
                let milk = Todo(title: "Buy milk")
                let receipt = try await device.todos.create(milk)
                try await device.restart()
                #expect(device.holm.isSignedIn)
                try await device.holm.sync()
                #expect(try await device.holm.confirmed(receipt) == .accepted(version: nil))
                try await other.holm.sync()
                #expect(try await other.todos.get(milk.id) == milk)
            }
        }

        @Test(.enabled(if: Resources.areKnown, "reads Linux's own accounts"))
        func a_client_without_references_gives_its_files_back() async throws {
            let scratch = try Scratch()
            let files = Resources.openFiles(under: scratch.url)
            #expect(files == 0)
            do {
                let holm = try await Holm.open(.init(storage: .directory(scratch.url), collections: [Todo.collection]))
                let todos = holm.collection(Todo.self)
                try await todos.create(Todo(title: "Buy milk"))
                for try await snapshot in todos.live() {
                    #expect(snapshot.documents.count == 1)
                    break
                }
                #expect(Resources.openFiles(under: scratch.url) > 0)
            }
            await Resources.eventually { Resources.openFiles(under: scratch.url) == 0 }
        }
    }
}

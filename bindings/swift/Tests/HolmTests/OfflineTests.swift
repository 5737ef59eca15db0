import Foundation
import Holm
import Testing

extension HolmSuite {
    /// Reading and writing without any server.
    @Suite struct Offline {
        @Test func a_created_document_is_there_at_once() async throws {
            let todos = try await openInMemory().collection(Todo.self)
            let milk = Todo(title: "Buy milk", tags: ["shop"])
            let receipt = try await todos.create(milk)
            #expect(receipt.documentID == milk.id)
            #expect(receipt.operationID != nil)
            #expect(try await todos.get(milk.id) == milk)
            let stored = try #require(try await todos.getStored(milk.id))
            #expect(stored.value == milk)
            #expect(stored.status == .pendingCreate)
            #expect(stored.version == nil)
            #expect(stored.status.needsSync)
        }

        @Test func a_document_that_is_not_there_is_nil() async throws {
            let todos = try await openInMemory().collection(Todo.self)
            #expect(try await todos.get("nothing") == nil)
            #expect(try await todos.getStored("nothing") == nil)
        }

        @Test func an_update_in_place_changes_what_it_touches() async throws {
            let todos = try await openInMemory().collection(Todo.self)
            let milk = Todo(title: "Buy milk", note: "2 l")
            try await todos.create(milk)
            try await todos.update(milk.id) { $0.title = "Buy oat milk" }
            try await todos.update(milk.id, \.isCompleted, to: true)
            try await todos.update(milk.id, \.note, to: nil)
            let expected = Todo(id: milk.id, title: "Buy oat milk", isCompleted: true)
            #expect(try await todos.get(milk.id) == expected)
        }

        @Test func an_update_in_place_that_changes_nothing_sends_nothing() async throws {
            let holm = try await openInMemory()
            let todos = holm.collection(Todo.self)
            let milk = Todo(title: "Buy milk")
            try await todos.create(milk)
            let receipt = try await todos.update(milk.id) { $0.title = "Buy milk" }
            #expect(receipt.operationID == nil)
            #expect(try await holm.confirmed(receipt) == .unchanged)
        }

        @Test func an_update_leaves_alone_what_the_type_does_not_know() async throws {
            let holm = try await openInMemory()
            let (todos, raw) = (holm.collection(Todo.self), holm.collection(named: "todos"))
            let milk = Todo(title: "Buy milk")
            try await todos.create(milk)
            try await raw.update(milk.id, ["ofNewerApps": ["a": 1, "b": [true, nil]]])
            try await todos.update(milk.id) { $0.priority = 3 }
            let stored = try #require(try await raw.get(milk.id))
            #expect(stored.value["ofNewerApps"] == ["a": 1, "b": [true, nil]])
            #expect(stored.value["priority"] == 3)
        }

        @Test func a_form_writes_only_what_was_edited_in_it() async throws {
            let todos = try await openInMemory().collection(Todo.self)
            let opened = Todo(title: "Buy milk")
            try await todos.create(opened)
            try await todos.update(opened.id) { $0.isCompleted = true }
            var edited = opened
            edited.title = "Buy oat milk"
            try await todos.update(from: opened, to: edited)
            let now = try #require(try await todos.get(opened.id))
            #expect(now.title == "Buy oat milk")
            #expect(now.isCompleted)
        }

        @Test func replacing_leaves_nothing_of_before() async throws {
            let holm = try await openInMemory()
            let (todos, raw) = (holm.collection(Todo.self), holm.collection(named: "todos"))
            try await raw.create(["title": "old", "ofOthers": 1], id: "a")
            let new = Todo(id: "a", title: "new")
            try await todos.replace(new)
            #expect(try await todos.get("a") == new)
            #expect(try await raw.get("a")?.value["ofOthers"] == nil)
        }

        @Test func a_deleted_document_is_gone_at_once() async throws {
            let todos = try await openInMemory().collection(Todo.self)
            let milk = Todo(title: "Buy milk")
            try await todos.create(milk)
            try await todos.delete(milk.id)
            #expect(try await todos.get(milk.id) == nil)
            #expect(try await todos.count() == 0)
        }

        @Test func many_documents_are_made_together_or_not_at_all() async throws {
            let todos = try await openInMemory().collection(Todo.self)
            let many = (0..<500).map { Todo(id: "t\($0)", title: "\($0)") }
            let receipts = try await todos.create(contentsOf: many)
            #expect(receipts.map(\.documentID) == many.map(\.id))
            #expect(try await todos.count() == 500)
            let error = await failure {
                try await todos.create(contentsOf: [Todo(id: "new", title: "new"), Todo(id: "t7", title: "again")])
            }
            #expect(error?.code == .alreadyExists)
            #expect(try await todos.get("new") == nil)
        }

        @Test func an_id_is_a_version_7_uuid_of_its_own() {
            let ids = Set((0..<1_000).map { _ in Holm.newID() })
            #expect(ids.count == 1_000)
            for id in ids {
                #expect(id == id.lowercased())
                #expect(UUID(uuidString: id) != nil)
                #expect(Array(id.utf8)[14] == UInt8(ascii: "7"))
                #expect("89ab".contains(Array(id)[19]))
            }
        }
    }
}

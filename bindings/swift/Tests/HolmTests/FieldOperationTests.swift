import Foundation
import Holm
import Testing

extension HolmSuite {
    /// Patches, increments and edits of sets.
    @Suite struct FieldOperations {
        @Test func a_patch_sets_removes_counts_and_edits_sets() async throws {
            let todos = try await openInMemory().collection(Todo.self)
            try await todos.create(Todo(id: "a", title: "old", priority: 1, tags: ["x", "y"], note: "n"))
            let title = "new"
            try await todos.update(
                "a",
                [
                    "title": .set(title), "isCompleted": true, "priority": .increment(2),
                    "tags": .addToSet(["y", "z"]), "note": .remove,
                    "createdAt": .set(Date(timeIntervalSince1970: 1_000_000_000)),
                ])
            try await todos.update("a", ["tags": .removeFromSet(["x"]), "priority": .increment(-1)])
            let expected = Todo(
                id: "a", title: "new", isCompleted: true, priority: 2, tags: ["y", "z"],
                createdAt: Date(timeIntervalSince1970: 1_000_000_000))
            #expect(try await todos.get("a") == expected)
        }

        @Test func literals_set_values_of_every_kind() async throws {
            let raw = try await openInMemory().collection(named: "things")
            try await raw.create([:], id: "a")
            let name = "q"
            let patch: Holm.Patch = [
                "t": "x", "i": 7, "d": 0.5, "b": false, "l": [1, "two", nil],
                "o": ["in": ["side": true]], "s": "p\(name)",
            ]
            try await raw.update("a", patch)
            let expected: Holm.JSON = [
                "id": "a", "t": "x", "i": 7, "d": 0.5, "b": false, "l": [1, "two", nil],
                "o": ["in": ["side": true]], "s": "pq",
            ]
            #expect(try await raw.get("a")?.value == expected)
        }

        @Test func objects_merge_and_null_in_them_removes() async throws {
            let raw = try await openInMemory().collection(named: "things")
            try await raw.create(["address": ["city": "Oslo", "zip": "0150"]], id: "a")
            try await raw.update("a", ["address": ["city": "Bergen", "zip": nil]])
            #expect(try await raw.get("a")?.value == ["id": "a", "address": ["city": "Bergen"]])
        }

        @Test func members_of_objects_count_and_edit_sets_at_any_depth() async throws {
            try await withServer { server in
                let (a, b) = try await Device.pair(server)
                let (here, there) = (a.holm.collection(named: "todos"), b.holm.collection(named: "todos"))
                try await here.create(["title": "t", "stats": ["visits": 1, "by": ["tags": ["old"]]]], id: "t")
                try await a.holm.sync()
                try await b.holm.sync()
                try await here.update(
                    "t", ["stats": .inside(["visits": .increment(), "by": .inside(["tags": .addToSet(["a"])])])])
                try await there.update(
                    "t",
                    ["stats": .inside(["visits": .increment(5), "by": .inside(["tags": .removeFromSet(["old"])])])])
                for device in [a, b, a] { try await device.holm.sync() }
                let expected: Holm.JSON = ["visits": 7, "by": ["tags": ["a"]]]
                for todos in [here, there] {
                    #expect(try await todos.get("t")?.value["stats"] == expected)
                }
            }
        }

        @Test func a_patch_can_be_built_step_by_step() async throws {
            let raw = try await openInMemory().collection(named: "things")
            try await raw.create(["a": 1, "b": 1], id: "x")
            var patch = Holm.Patch()
            patch["a"] = .increment(0.5)
            patch["b"] = .remove
            patch["c"] = 3
            patch["c"] = nil
            #expect(patch["c"] == nil)
            try await raw.update("x", patch)
            #expect(try await raw.get("x")?.value == ["id": "x", "a": 1.5])
        }

        @Test func a_change_that_does_not_fit_is_refused_and_changes_nothing() async throws {
            let todos = try await openInMemory().collection(Todo.self)
            let milk = Todo(title: "milk")
            try await todos.create(milk)
            for wrong: Holm.Patch in [
                ["title": .increment()], ["title": .addToSet(["x"])], ["tags": .increment()], ["version": 3],
                ["isCompleted": true, "id": "other"], ["priority": .set(Double.infinity)],
            ] {
                #expect(await failure { try await todos.update(milk.id, wrong) }?.code == .invalidDocument)
            }
            #expect(await failure { try await todos.update("nothing", ["title": "x"]) }?.code == .notFound)
            #expect(try await todos.get(milk.id) == milk)
        }

        @Test func trap_12_increments_of_two_devices_add_up() async throws {
            try await withServer { server in
                let (a, b) = try await Device.pair(server)
                try await a.todos.create(Todo(id: "t", title: "count", priority: 10, tags: ["old"]))
                try await a.holm.sync()
                try await b.holm.sync()
                try await a.todos.update("t", ["priority": .increment(), "tags": .addToSet(["from a"])])
                try await b.todos.update("t", ["priority": .increment(5), "tags": .removeFromSet(["old"])])
                try await a.holm.sync()
                try await b.holm.sync()
                try await a.holm.sync()
                for device in [a, b] {
                    let todo = try #require(try await device.todos.getStored("t"))
                    #expect(todo.value.priority == 16)
                    #expect(todo.value.tags == ["from a"])
                    #expect(todo.status == .synced)
                }
            }
        }
    }
}

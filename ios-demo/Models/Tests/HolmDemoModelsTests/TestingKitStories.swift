#if canImport(HolmTesting)
    import Holm
    import HolmTesting
    import Testing

    @testable import HolmDemoModels

    extension DemoSuite {
        /// The models on devices of Holm's testing kit, as another app would test its own.
        @MainActor @Suite struct WithTheTestingKit {
            @Test func a_conflict_of_two_devices_is_merged_by_field() async throws {
                let world = try await TestWorld(collections: [Todo.collection])
                let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
                let milk = Todo(title: "Buy milk")
                try await phone.collection(Todo.self).create(milk)
                try await world.syncAll()
                phone.network.goOffline()
                try await phone.collection(Todo.self).update(milk.id) { ($0.title, $0.notes) = ("Oat milk", "blue") }
                try await tablet.collection(Todo.self).update(milk.id, \.title, to: "Soy milk")
                try await world.syncAll()
                phone.network.goOnline()
                try await world.syncAll()

                let conflicts = ConflictsModel(phone.holm)
                let running = Task { await conflicts.run() }
                let conflict = try await eventually { conflicts.conflicts.first }
                conflicts[.title] = .server
                await conflicts.mergeByField(conflict)
                try await world.syncAll()
                let merged = try await tablet.collection(Todo.self).get(milk.id)
                #expect(merged?.title == "Soy milk" && merged?.notes == "blue")
                running.cancel()
            }
        }
    }
#endif

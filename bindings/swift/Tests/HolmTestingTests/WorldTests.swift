import Foundation
import Holm
import HolmTesting
import Testing

/// The testing kit, as an app's own tests use it.
@Suite struct Worlds {
    @Test func devices_meet_at_the_server() async throws {
        let world = try await TestWorld(collections: [Todo.collection])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        try await phone.collection(Todo.self).create(Todo(id: "a", title: "from the phone"))
        try await tablet.collection(Todo.self).create(Todo(id: "b", title: "from the tablet"))
        try await world.syncAll()
        for device in world.devices {
            #expect(try await device.collection(Todo.self).query(orderBy: .asc("id")).map(\.id) == ["a", "b"])
        }
        #expect(phone.holm.userID == tablet.holm.userID && phone.holm.deviceID != tablet.holm.deviceID)
    }

    @Test func people_do_not_see_each_others_documents() async throws {
        let world = try await TestWorld(collections: [Todo.collection])
        let ann = try await world.device("phone", email: "ann@example.com")
        let ben = try await world.device("phone", email: "ben@example.com")
        try await ann.collection(Todo.self).create(Todo(title: "Ann's"))
        try await world.syncAll()
        #expect(try await ben.collection(Todo.self).count() == 0)
    }

    @Test func rules_of_the_server_park_a_write() async throws {
        let rules = """
            [collections.todos.fields.title]
            type = "string"
            max_length = 10
            """
        let world = try await TestWorld(collections: [Todo.collection], rules: rules)
        let phone = try await world.device("phone")
        try await phone.collection(Todo.self).create(Todo(title: "much too long a title"))
        try await world.syncAll()
        #expect(try await phone.holm.parkedWrites().map(\.refusal?.code) == ["VALIDATION_ERROR"])
    }

    @Test func rules_that_cannot_be_read_are_told() async throws {
        await #expect(throws: (any Error).self) {
            try await TestWorld(collections: [], rules: "[limits]\nnonsense = 1")
        }
    }

    @Test func time_moves_only_when_the_test_says_so() async throws {
        let start = Date(timeIntervalSince1970: 1_900_000_000)
        let world = try await TestWorld(collections: [Todo.collection], start: start)
        let phone = try await world.device("phone")
        #expect(try phone.now == start && world.now == start)
        try world.advance(by: 3_600)
        let tablet = try await world.device("tablet")
        #expect(try phone.now == start + 3_600 && tablet.now == start + 3_600 && world.now == start + 3_600)
        try await world.syncAll()
        #expect(try await phone.holm.status().lastSync == start + 3_600)
    }

    @Test func a_device_that_syncs_by_itself_does_so_as_time_goes_by() async throws {
        let world = try await TestWorld(collections: [Todo.collection])
        let phone = try await world.device("phone") { $0.autoSync = true }
        let receipt = try await phone.collection(Todo.self).create(Todo(title: "a"))
        let confirmed = Task { try await phone.holm.confirmed(receipt) }
        while try await phone.holm.status().pending > 0 {
            try world.advance(by: 1)
            await Task.yield()
        }
        #expect(try await confirmed.value == .accepted(version: 1))
    }

    @Test func a_clock_that_a_user_sets_is_only_that_devices() async throws {
        let world = try await TestWorld(collections: [Todo.collection])
        let (phone, tablet) = (try await world.device("phone"), try await world.device("tablet"))
        try phone.setClock(to: world.now + 86_400)
        #expect(try phone.now == world.now + 86_400 && tablet.now == world.now)
        try await phone.collection(Todo.self).create(Todo(title: "from tomorrow"))
        try await world.syncAll()
        #expect(try await tablet.collection(Todo.self).count() == 1)
    }

    @Test func a_server_that_is_stopped_answers_no_request() async throws {
        let world = try await TestWorld(collections: [Todo.collection])
        let phone = try await world.device("phone")
        try world.stop()
        await #expect(throws: HolmError.self) { try await phone.holm.sync() }
    }
}

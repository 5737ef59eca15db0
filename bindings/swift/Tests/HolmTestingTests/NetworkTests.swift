import Foundation
import Holm
import HolmTesting
import Testing

/// What a test can do to a device's network, and what comes of it.
@Suite struct Networks {
    private let world: TestWorld
    private let phone: TestDevice
    private var todos: HolmCollection<Todo> { phone.collection(Todo.self) }

    init() async throws {
        world = try await TestWorld(collections: [Todo.collection])
        phone = try await world.device("phone")
    }

    /// The code of the failure of a sync; `nil` if it succeeds.
    private func failure() async -> HolmError.Code? {
        do {
            try await phone.holm.sync()
            return nil
        } catch {
            return error.code
        }
    }

    @Test func a_lost_reply_makes_no_duplicate() async throws {
        try await todos.create(Todo(id: "a", title: "a"))
        phone.network.fail(.lostReply, times: 1)
        #expect(await failure() == .connectionLost)
        #expect(await failure() == nil)
        let tablet = try await world.device("tablet")
        try await world.syncAll()
        #expect(try await tablet.collection(Todo.self).query().map(\.id) == ["a"])
    }

    @Test(arguments: [
        (TestFault.unreachable, HolmError.Code.offline), (.timeout, .timeout), (.lostReply, .connectionLost),
        (.captivePortal, .captive), (.garbage, .invalidResponse), (.status(503, retryAfter: 30), .serviceUnavailable),
        (.status(429, retryAfter: 5), .rateLimited), (.status(500), .serverError),
    ])
    func each_fault_is_told_by_its_own_code_and_costs_no_write(fault: TestFault, code: HolmError.Code) async throws {
        try await todos.create(Todo(title: "a"))
        phone.network.fail(fault)
        #expect(await failure() == code)
        #expect(await failure() == code, "until it is healed")
        phone.network.heal()
        #expect(await failure() == nil)
        #expect(try await todos.queryStored().map(\.status) == [.synced])
    }

    @Test(arguments: TestSituation.allCases)
    func no_situation_costs_a_write(situation: TestSituation) async throws {
        try await todos.create(Todo(title: "a"))
        phone.network.become(situation)
        for _ in 0..<6 { _ = await failure() }
        phone.network.goOnline()
        try await world.syncAll()
        #expect(try await todos.queryStored().map(\.status) == [.synced])
        let tablet = try await world.device("tablet")
        try await world.syncAll()
        #expect(try await tablet.collection(Todo.self).count() == 1)
    }

    @Test func an_expired_session_is_refreshed() async throws {
        phone.network.become(.expiredSession)
        #expect(await failure() == nil)
        #expect(phone.network.requests.contains { $0.contains("refresh") })
    }

    @Test func a_device_in_airplane_mode_tries_nothing() async throws {
        let before = phone.network.requests
        phone.network.become(.airplaneMode)
        #expect(!phone.network.isOnline)
        #expect(await failure() == .offline)
        #expect(phone.network.requests == before)
    }

    @Test func syncing_all_waits_out_what_passes_and_leaves_out_who_is_offline() async throws {
        let tablet = try await world.device("tablet")
        try await tablet.collection(Todo.self).create(Todo(title: "on the tablet"))
        tablet.network.goOffline()
        try await todos.create(Todo(title: "on the phone"))
        phone.network.fail(.status(503, retryAfter: 30), times: 3)
        let start = world.now
        try await world.syncAll()
        #expect(world.now == start + 90, "the time that the server asked for, three times")
        #expect(try await phone.holm.status().pending == 0)
        #expect(try await tablet.holm.status().pending == 1)
    }

    @Test func syncing_all_gives_up_on_what_does_not_pass() async throws {
        phone.network.become(.serverDown)
        await #expect(throws: HolmError.self) { try await world.syncAll() }
        phone.network.become(.airplaneMode)
        try await world.syncAll()
    }
}

import Foundation
import Testing

@testable import Holm

extension HolmSuite {
    /// Who needs the client to be awake, and when it may sleep.
    @Suite struct Waking {
        private let sleeper = FakeSleeper()

        @Test func it_is_awake_as_long_as_the_app_needs_it() async throws {
            let awake = Awake(sleeper)
            try await awake.begin()
            await awake.end()
            #expect(sleeper.events.isEmpty, "the app was there all the time")
            await awake.end()
            #expect(sleeper.events == ["suspend"])
            try await awake.begin()
            #expect(sleeper.events == ["suspend", "resume"])
        }

        @Test func a_background_slice_wakes_it_and_lets_it_sleep_again() async throws {
            let awake = Awake(sleeper)
            await awake.end()
            let value = try await awake.whileNeeded { [sleeper] () throws(HolmError) in
                #expect(!sleeper.isSuspended)
                return 42
            }
            #expect(value == 42)
            #expect(sleeper.events == ["suspend", "resume", "suspend"])
        }

        @Test func work_that_fails_lets_it_sleep_all_the_same() async throws {
            let awake = Awake(sleeper)
            await awake.end()
            let error = await failure {
                try await awake.whileNeeded { () throws(HolmError) -> Int in throw .internal("a test") }
            }
            #expect(error?.code == .internal)
            #expect(sleeper.isSuspended)
        }

        @Test func a_client_that_cannot_wake_says_so_and_is_tried_again() async throws {
            let awake = Awake(sleeper)
            await awake.end()
            sleeper.refusal = .internal("the files are locked")
            let error = await failure { try await awake.whileNeeded { () throws(HolmError) in } }
            #expect(error?.message == "internal error: the files are locked")
            sleeper.refusal = nil
            try await awake.whileNeeded { [sleeper] () throws(HolmError) in #expect(!sleeper.isSuspended) }
            #expect(sleeper.isSuspended)
        }

        @Test func a_return_while_it_falls_asleep_has_the_last_word() async throws {
            let awake = Awake(sleeper)
            for _ in 0..<200 {
                async let leaving: Void = awake.end()
                async let returning: Void = awake.begin()
                _ = try await (leaving, returning)
                #expect(!sleeper.isSuspended)
            }
            #expect(!sleeper.overlapped)
        }

        @Test func a_client_that_the_app_has_suspended_itself_is_left_alone() async throws {
            let awake = Awake(sleeper)
            try await awake.whileNeeded { [sleeper] () throws(HolmError) in
                do { try await sleeper.suspend() } catch { throw HolmError(error) }
            }
            #expect(sleeper.isSuspended)
        }
    }
}

/// Notes what it is told, and whether two things are told at once.
private final class FakeSleeper: Sleeper, @unchecked Sendable {
    private struct State {
        var events: [String] = []
        var isSuspended = false
        var isBusy = false
        var overlapped = false
        var refusal: HolmError?
    }

    private let lock = NSLock()
    private var state = State()

    private func with<T>(_ body: (inout State) -> T) -> T { lock.withLock { body(&state) } }

    var events: [String] { with { $0.events } }
    var isSuspended: Bool { with { $0.isSuspended } }
    var overlapped: Bool { with { $0.overlapped } }
    var refusal: HolmError? {
        get { with { $0.refusal } }
        set { with { $0.refusal = newValue } }
    }

    func suspend() async throws {
        with { state in
            state.overlapped = state.overlapped || state.isBusy
            state.isBusy = true
        }
        await Task.yield()
        with { state in
            state.isBusy = false
            state.isSuspended = true
            state.events.append("suspend")
        }
    }

    func resume() throws {
        if let refusal { throw refusal }
        with { state in
            state.overlapped = state.overlapped || state.isBusy
            state.isSuspended = false
            state.events.append("resume")
        }
    }
}

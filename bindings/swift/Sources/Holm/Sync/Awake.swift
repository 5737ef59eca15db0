internal import HolmBindings

/// Keeps a client awake as long as a caller needs it, and suspends it, with its files closed, when no caller does.
///
/// Invariants:
/// - The app on the screen counts as one caller, from the start. Each slice of background time is another.
/// - Waking and falling asleep never overlap, and each counts the callers anew: so the latest change decides.
/// - A client that the app has suspended itself is woken for a need, and left alone otherwise.
final class Awake: Sendable {
    private struct State: Sendable {
        var needs = 1
        /// The latest change; each waits for the one before.
        var settling: Task<Void, any Error>?
    }

    private let sleeper: any Sleeper
    private let state = Lock(State())

    init(_ sleeper: any Sleeper) {
        self.sleeper = sleeper
    }

    /// A caller needs the client; returns when it is awake. To be followed by ``end()``, even if it fails.
    func begin() async throws(HolmError) {
        do {
            try await change(by: 1).value
        } catch {
            throw HolmError(error)
        }
    }

    /// The caller needs the client no more; returns when it is asleep, unless other callers need it.
    func end() async {
        // Falling asleep cannot fail.
        _ = await change(by: -1).result
    }

    /// Needs the client for some work.
    func whileNeeded<T: Sendable>(_ work: () async throws(HolmError) -> T) async throws(HolmError) -> T {
        do {
            try await begin()
            let value = try await work()
            await end()
            return value
        } catch {
            await end()
            throw error
        }
    }

    private func change(by difference: Int) -> Task<Void, any Error> {
        state.withLock { state in
            state.needs += difference
            let before = state.settling
            let task = Task { [self] in
                _ = await before?.result
                try await settle(isNewNeed: difference > 0)
            }
            state.settling = task
            return task
        }
    }

    private func settle(isNewNeed: Bool) async throws {
        if state.withLock({ $0.needs <= 0 }) {
            try await sleeper.suspend()
        } else if try isNewNeed && sleeper.isSuspended {
            try sleeper.resume()
        }
    }
}

/// What can be put to sleep: the core's client.
protocol Sleeper: Sendable {
    var isSuspended: Bool { get throws }
    func suspend() async throws
    func resume() throws
}

extension FfiHolm: Sleeper {
    /// Whether files and sockets are closed for the time being.
    var isSuspended: Bool {
        get throws {
            do {
                _ = try state()
                return false
            } catch FfiError.Failure(HolmError.Code.suspended.rawValue, _, _, _, _, _, _) {
                return true
            }
        }
    }
}

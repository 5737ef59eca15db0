import Foundation

/// What the app's way on and off the screen means for a client.
///
/// Invariants:
/// - When the app leaves the screen, the client sends what is queued in the time that the system still grants, and goes
///   to sleep: no file is open and no lock is held when the system freezes the process.
/// - The time is asked for before the system is told that the app is done leaving, and given back exactly once.
/// - A return ends the leaving at once; a client that is needed again does not fall asleep.
@MainActor
final class AppLifecycle {
    /// How many seconds a client may go on: iOS grants about thirty.
    static let grace: TimeInterval = 20

    /// Weak: what calls this lives as long as the client, and must not keep it alive.
    private weak var holm: Holm?
    private let askForTime: @MainActor () -> any GraceTime
    private var isOnScreen = true
    private var leaving: Task<Void, Never>?

    /// - Parameter askForTime: Asks the system for time to finish.
    init(_ holm: Holm, askForTime: @escaping @MainActor () -> any GraceTime) {
        self.holm = holm
        self.askForTime = askForTime
    }

    /// The system has started the app in the background.
    func didLaunchInBackground() {
        guard let holm else { return }
        isOnScreen = false
        holm.report(.background)
        Task { await holm.awake.end() }
    }

    /// The app has left the screen.
    func didEnterBackground() {
        guard isOnScreen, let holm else { return }
        isOnScreen = false
        holm.report(.background)
        let time = askForTime()
        let task = Task {
            // A failure is in the client's status, and tried again the next time.
            _ = try? await holm.runBackground(budget: Self.grace)
            await holm.awake.end()
            time.giveBack()
        }
        time.onExpiration { task.cancel() }
        leaving = task
    }

    /// The app is coming back to the screen.
    func willEnterForeground() {
        guard !isOnScreen, let holm else { return }
        isOnScreen = true
        leaving?.cancel()
        Task {
            // If the files cannot be opened, the client stays suspended, as its status says.
            try? await holm.awake.begin()
            holm.report(.foreground)
        }
    }
}

/// Time that the system grants an app that has left the screen.
@MainActor
protocol GraceTime: Sendable {
    /// Calls this when the time is up, also if it already is.
    func onExpiration(_ expire: @escaping @MainActor () -> Void)

    /// The time is not needed any more. Called once.
    func giveBack()
}

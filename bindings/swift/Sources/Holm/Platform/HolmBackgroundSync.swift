import Foundation

/// Syncs in the time that the system grants an app in the background, every now and then.
///
/// ```swift
/// let background = HolmBackgroundSync(identifier: "com.example.todo.sync")
///
/// // In the app's init, before it has finished launching; the identifier stands in the Info.plist under
/// // BGTaskSchedulerPermittedIdentifiers, and UIBackgroundModes has "fetch".
/// background.register { try await openedHolm() }
/// // When the app leaves the screen.
/// try? background.schedule()
/// ```
///
/// After a slice the client's files are closed only if the client follows the app, see ``Holm/attach()``. Without that
/// the app calls ``Holm/suspend()`` itself, or the system may kill the frozen process for a lock that it holds.
public struct HolmBackgroundSync: Hashable, Sendable {
    /// The task's name, as in the app's Info.plist.
    public let identifier: String

    /// How many seconds at least are between two slices. The system decides when one comes, if ever.
    public let interval: TimeInterval

    /// How many seconds a slice takes at most. iOS grants about thirty.
    public let budget: TimeInterval

    /// Background work under this name.
    public init(identifier: String, interval: TimeInterval = 900, budget: TimeInterval = 25) {
        self.identifier = identifier
        self.interval = interval
        self.budget = budget
    }

    /// Runs one slice with this client, and returns whether it did all that there is to do. Cancelling the task ends it
    /// at once. For SwiftUI's `backgroundTask(.appRefresh(identifier))` and for systems that are not known here. An
    /// error of the slice, such as `OFFLINE`, is `false`.
    @discardableResult
    public func run(_ client: @Sendable () async throws -> Holm) async -> Bool {
        do {
            return try await client().runBackground(budget: budget).isComplete
        } catch {
            return false
        }
    }

    /// Runs one slice and tells exactly once that it is over, whether it ended by itself or was cut.
    ///
    /// - Returns: Cuts the slice. It is told to be over some milliseconds later; after ``Holm/attach()``, when its
    ///   files are closed.
    func start(
        _ client: @escaping @Sendable () async throws -> Holm, completed: @escaping @Sendable (Bool) -> Void
    ) -> @Sendable () -> Void {
        let slice = Task { completed(await run(client)) }
        return { slice.cancel() }
    }
}

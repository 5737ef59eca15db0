import Holm
import Observation

/// What is behind a screen: its state, and what a person can ask for. A failure is never thrown at the screen, it
/// becomes the ``message``.
@MainActor @Observable
public class Model {
    /// Whether something that a person asked for is still running.
    public private(set) var isBusy = false

    /// What the screen has to say: a failure, or what was done.
    public internal(set) var message: Message?

    init() {}

    /// Takes the message away.
    public func dismiss() {
        message = nil
    }

    /// Does what a person asked for.
    func work(_ task: @MainActor () async throws -> Void) async {
        isBusy = true
        message = nil
        await guarded(task)
        isBusy = false
    }

    /// Runs something whose failure becomes the message. A screen that went away gets no message.
    func guarded(_ task: @MainActor () async throws -> Void) async {
        do {
            try await task()
        } catch let error as HolmError {
            if error.code != .cancelled { message = error.told }
        } catch {
            message = Message("error_general", .text(error.localizedDescription))
        }
    }
}

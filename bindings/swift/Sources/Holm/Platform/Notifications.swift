import Foundation

/// Calls handlers on the main actor for notifications, until it is let go.
@MainActor
final class Notifications {
    private let tokens: Tokens

    /// - Parameter queue: Where handlers run: `nil`, at once, only for notifications that the system posts on the main
    ///   thread; else the main queue, some time later.
    init(queue: OperationQueue?, center: NotificationCenter = .default, _ handlers: [Handler]) {
        tokens = Tokens(
            center: center,
            tokens: handlers.map { handler in
                center.addObserver(forName: handler.name, object: nil, queue: queue) { _ in
                    MainActor.assumeIsolated { handler.handle() }
                }
            })
    }

    /// What is done for a notification.
    struct Handler: Sendable {
        let name: Notification.Name
        let handle: @MainActor () -> Void

        static func on(_ name: Notification.Name, _ handle: @escaping @MainActor () -> Void) -> Self {
            Self(name: name, handle: handle)
        }
    }

    /// What must be handed back. Unchecked: the tokens are only ever handed back, once, which any thread may do.
    private final class Tokens: @unchecked Sendable {
        private let center: NotificationCenter
        private let tokens: [any NSObjectProtocol]

        init(center: NotificationCenter, tokens: [any NSObjectProtocol]) {
            self.center = center
            self.tokens = tokens
        }

        deinit {
            for token in tokens { center.removeObserver(token) }
        }
    }
}

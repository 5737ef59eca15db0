#if canImport(AppKit) && !targetEnvironment(macCatalyst)
    import AppKit
    import Foundation

    /// Follows a Mac app that becomes active and inactive, until it is let go. A Mac does not freeze apps: the client goes
    /// on in the background, at long intervals.
    @MainActor
    final class AppLifecycleObserver {
        private let notifications: Notifications

        init(_ holm: Holm) {
            notifications = Notifications(
                queue: nil,
                [
                    .on(NSApplication.didResignActiveNotification) { [weak holm] in holm?.report(.background) },
                    .on(NSApplication.didBecomeActiveNotification) { [weak holm] in holm?.report(.foreground) },
                ])
            if NSApplication.shared.isActive { holm.report(.foreground) }
        }
    }
#endif

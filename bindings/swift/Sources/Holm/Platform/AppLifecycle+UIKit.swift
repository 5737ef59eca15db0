#if canImport(UIKit) && !os(watchOS)
    import Foundation
    import UIKit

    /// Follows a UIKit or SwiftUI app on and off the screen, until it is let go.
    @available(iOSApplicationExtension, unavailable)
    @available(tvOSApplicationExtension, unavailable)
    @MainActor
    final class AppLifecycleObserver {
        private let notifications: Notifications

        init(_ holm: Holm) {
            let lifecycle = AppLifecycle(holm) { BackgroundTime() }
            // At once: the system may freeze the process as soon as the app is told to have left the screen.
            notifications = Notifications(
                queue: nil,
                [
                    .on(UIApplication.didEnterBackgroundNotification) { lifecycle.didEnterBackground() },
                    .on(UIApplication.willEnterForegroundNotification) { lifecycle.willEnterForeground() },
                ])
            if UIApplication.shared.applicationState == .background {
                lifecycle.didLaunchInBackground()
            } else {
                holm.report(.foreground)
            }
        }
    }

    /// A background task of UIKit's: about thirty seconds.
    @available(iOSApplicationExtension, unavailable)
    @available(tvOSApplicationExtension, unavailable)
    @MainActor
    private final class BackgroundTime: GraceTime {
        private var task = UIBackgroundTaskIdentifier.invalid
        private var isOver = false
        private var expire: (@MainActor () -> Void)?

        init() {
            task = UIApplication.shared.beginBackgroundTask(withName: "dev.holm.sync") { [self] in
                // UIKit calls this on the main thread.
                MainActor.assumeIsolated {
                    isOver = true
                    expire?()
                }
            }
            // The system has no time to give.
            isOver = task == .invalid
        }

        func onExpiration(_ expire: @escaping @MainActor () -> Void) {
            self.expire = expire
            if isOver { expire() }
        }

        func giveBack() {
            expire = nil
            guard task != .invalid else { return }
            UIApplication.shared.endBackgroundTask(task)
            task = .invalid
        }
    }
#endif

#if canImport(UIKit) && !os(watchOS)
    import Foundation
    import UIKit

    /// Tells whether the device saves energy, now and whenever that changes, until it is let go.
    @MainActor
    final class LowPowerObserver {
        private let notifications: Notifications

        init(_ holm: Holm) {
            let tell: @MainActor () -> Void = { [weak holm] in
                holm?.report(.lowPower(ProcessInfo.processInfo.isLowPowerModeEnabled))
            }
            // Posted on a thread of the system's.
            notifications = Notifications(queue: .main, [.on(.NSProcessInfoPowerStateDidChange, tell)])
            tell()
        }
    }
#endif

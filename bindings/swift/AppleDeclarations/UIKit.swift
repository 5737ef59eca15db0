import Foundation

public struct UIBackgroundTaskIdentifier: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public static let invalid = Self(rawValue: 0)
}

@MainActor
open class UIApplication {
    public enum State: Int, Sendable { case active, inactive, background }

    public class var shared: UIApplication { fatalError("declared only") }
    public class var didEnterBackgroundNotification: NSNotification.Name { fatalError("declared only") }
    public class var willEnterForegroundNotification: NSNotification.Name { fatalError("declared only") }

    public var applicationState: State { fatalError("declared only") }
    public func beginBackgroundTask(
        withName taskName: String?, expirationHandler handler: (@MainActor @Sendable () -> Void)? = nil
    ) -> UIBackgroundTaskIdentifier { fatalError("declared only") }
    public func endBackgroundTask(_ identifier: UIBackgroundTaskIdentifier) {}
}

// Foundation's, where there is UIKit.
extension ProcessInfo {
    public var isLowPowerModeEnabled: Bool { fatalError("declared only") }
}
extension NSNotification.Name {
    public static var NSProcessInfoPowerStateDidChange: NSNotification.Name { fatalError("declared only") }
}

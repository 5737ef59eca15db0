import Foundation

@MainActor
open class NSApplication {
    public class var shared: NSApplication { fatalError("declared only") }
    public class var didBecomeActiveNotification: NSNotification.Name { fatalError("declared only") }
    public class var didResignActiveNotification: NSNotification.Name { fatalError("declared only") }
    public var isActive: Bool { fatalError("declared only") }
}

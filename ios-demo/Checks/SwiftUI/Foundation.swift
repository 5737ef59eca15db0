import Foundation

extension URL {
    /// Apple's Foundation has it, Linux's does not.
    public static var applicationSupportDirectory: URL { fatalError() }
}

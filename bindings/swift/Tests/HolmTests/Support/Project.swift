import Foundation

/// Where things are in this project.
enum Project {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The server's program; `scripts/test-swift` builds it and says where it is.
    static var server: URL {
        let path = ProcessInfo.processInfo.environment["HOLM_SERVER"]
        return path.map(URL.init(fileURLWithPath:)) ?? root.appendingPathComponent("target/debug/holm-server")
    }
}

import Foundation
import Testing

/// What this process holds of the system.
enum Resources {
    /// Whether this system has the accounts that are read here: Linux's.
    static let areKnown = FileManager.default.fileExists(atPath: "/proc/self/statm")

    /// Memory in use, in bytes.
    static func residentMemory() throws -> Int {
        let statm = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return try #require(Int(statm[1])) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// How many open files lie under a directory.
    static func openFiles(under directory: URL) -> Int {
        let files = FileManager.default
        let open = (try? files.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        let paths = open.compactMap { try? files.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)") }
        return paths.filter { $0.hasPrefix(directory.path) }.count
    }

    /// How many threads there are.
    static func threads() -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task"))?.count ?? 0
    }

    /// Lets others run until something holds; fails the test if it does not within ten seconds.
    static func eventually(
        isolation: isolated (any Actor)? = #isolation, sourceLocation: SourceLocation = #_sourceLocation,
        _ holds: () async throws -> Bool
    ) async rethrows {
        let deadline = Date(timeIntervalSinceNow: 10)
        while try await !holds() {
            guard Date() < deadline else {
                Issue.record("it did not come to hold", sourceLocation: sourceLocation)
                return
            }
            await Task.yield()
        }
    }
}

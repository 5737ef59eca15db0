import Foundation

/// The real server with the demos' rules, in a process of its own and with a fresh database.
final class DemoServer {
    let url: String

    private let process = Process()
    private let input = Pipe()
    private let scratch: URL

    /// Starts a server and waits until it listens.
    init() throws {
        scratch = FileManager.default.temporaryDirectory.appendingPathComponent("holm-demo-\(UUID().uuidString)")
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // The server ends when this process does, however that ends: then the shell's input is closed.
        process.arguments = [
            "-c", #""$@" </dev/null & server=$!; exec >&-; cat >/dev/null; kill -9 $server; wait"#, "holm-server",
            Self.program, "--data-dir", scratch.path, "--listen", "127.0.0.1:0", "--log-level", "error", "--config",
            Self.project.appendingPathComponent("android-demo/server.toml").path,
        ]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        url = try Self.address(output.fileHandleForReading)
    }

    /// Kills the server and waits until it is gone.
    func stop() {
        input.fileHandleForWriting.closeFile()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: scratch)
    }

    private static let project = (0..<6).reduce(URL(fileURLWithPath: #filePath)) { url, _ in
        url.deletingLastPathComponent()
    }

    /// `scripts/test-demo-ios` builds it and says where it is.
    private static var program: String {
        ProcessInfo.processInfo.environment["HOLM_SERVER"]
            ?? project.appendingPathComponent("target/debug/holm-server").path
    }

    private struct Announcement: Decodable {
        let listening: String
    }

    private static func address(_ output: FileHandle) throws -> String {
        var line = Data()
        while !line.contains(UInt8(ascii: "\n")) {
            let more = output.availableData
            guard !more.isEmpty else { throw CocoaError(.executableLoad) }
            line += more
        }
        return try JSONDecoder().decode(Announcement.self, from: line).listening
    }
}

/// Runs a story with a server, which is gone afterwards.
@MainActor
func withServer(_ story: @MainActor (DemoServer) async throws -> Void) async throws {
    let server = try DemoServer()
    defer { server.stop() }
    try await story(server)
}

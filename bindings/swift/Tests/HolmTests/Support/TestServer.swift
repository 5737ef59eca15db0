import Foundation

/// A real server in a process of its own, with a fresh database.
final class TestServer: Sendable {
    let url: URL

    private let process: Process
    private let input: Pipe
    private let scratch: Scratch

    /// Accounts cost little, and todos have a rule to break.
    private static let rules = """
        [accounts.argon2]
        memory_kib = 64
        iterations = 1

        [collections.todos.fields.title]
        type = "string"
        max_length = 40
        """

    /// Starts a server and waits until it listens.
    init(config: URL? = nil) throws {
        scratch = try Scratch()
        let rules = scratch.url.appendingPathComponent("server.toml")
        try Self.rules.write(to: rules, atomically: true, encoding: .utf8)
        let output = Pipe()
        (process, input) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // The server ends when this process does, however that ends: then the shell's input is closed. The output is
        // the server's alone, so that it ends with a server that does not start.
        process.arguments = [
            "-c", #""$@" </dev/null & server=$!; exec >&-; cat >/dev/null; kill -9 $server; wait"#, "holm-server",
            Project.server.path, "--data-dir", scratch.url.appendingPathComponent("data").path,
            "--listen", "127.0.0.1:0", "--log-level", "error", "--config", (config ?? rules).path,
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
    }

    private struct Announcement: Decodable {
        let listening: URL
    }

    private static func address(_ output: FileHandle) throws -> URL {
        var line = Data()
        while !line.contains(UInt8(ascii: "\n")) {
            let more = output.availableData
            guard !more.isEmpty else { throw CocoaError(.executableLoad) }
            line += more
        }
        return try JSONDecoder().decode(Announcement.self, from: line).listening
    }
}

/// Runs a test with a server, which is gone afterwards.
func withServer(
    isolation: isolated (any Actor)? = #isolation, config: URL? = nil, _ body: (TestServer) async throws -> Void
) async throws {
    let server = try TestServer(config: config)
    defer { server.stop() }
    try await body(server)
}

import Foundation
import Testing

extension HolmSuite {
    /// The stories that Rust, Swift and Kotlin replay with the same outcome.
    @Suite struct Scenarios {
        @Test(arguments: try Scenario.all())
        func a_story_ends_as_it_does_in_every_language(scenario: Scenario) async throws {
            try await withServer(config: Scenario.serverConfig) { server in
                let transcript = try await ScenarioRunner(scenario, server).run()
                let directory = Project.root.appendingPathComponent("target/scenarios/swift")
                try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
                try "\(transcript)\n".write(
                    to: directory.appendingPathComponent("\(scenario.name).json"), atomically: true, encoding: .utf8)
            }
        }
    }
}

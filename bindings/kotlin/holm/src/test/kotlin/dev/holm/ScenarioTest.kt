package dev.holm

import dev.holm.scenario.Devices
import dev.holm.scenario.Replay
import dev.holm.scenario.Scenario
import dev.holm.scenario.sorted
import dev.holm.support.ServerProcess
import dev.holm.support.story
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.TestFactory
import java.io.File

/** The stories that Rust, Swift and Kotlin replay, with the same outcome: a transcript that is the same byte for byte. */
class ScenarioTest {
    private val root = File(System.getProperty("holm.root"))
    private val scenarios = root.resolve("tests/scenarios")

    @TestFactory
    fun a_story_ends_as_it_does_in_every_language(): List<DynamicTest> {
        val files = scenarios.listFiles { file -> file.extension == "json" }.orEmpty().sorted()
        assumeTrue(files.isNotEmpty(), "there is no scenario in $scenarios")
        return files.map { file -> DynamicTest.dynamicTest(file.nameWithoutExtension) { replay(Scenario.of(file)) } }
    }

    private fun replay(scenario: Scenario) =
        story {
            val server = using(ServerProcess(scenarios.resolve("server.toml").toPath()))
            val devices = Devices(this, scenario, server)
            Replay(devices).run(scenario.steps)
            val transcript = root.resolve("target/scenarios/kotlin/${scenario.name}.json")
            transcript.parentFile.mkdirs()
            transcript.writeText("${devices.transcript().sorted()}\n")
        }
}

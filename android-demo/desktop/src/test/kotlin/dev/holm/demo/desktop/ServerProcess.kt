package dev.holm.demo.desktop

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import java.io.File
import java.nio.file.Files
import java.util.concurrent.TimeUnit
import kotlin.io.path.ExperimentalPathApi
import kotlin.io.path.Path
import kotlin.io.path.deleteRecursively

/** The real server with the demo's rules, in a process of its own. Ends with [close], or with this JVM at the latest. */
class ServerProcess : AutoCloseable {
    private val directory = Files.createTempDirectory("holm-demo-server")
    private val process: Process
    private val reaper = Thread { end() }

    /** Where it listens. */
    val url: String

    init {
        val binary = Path(System.getProperty("holm.native"), "holm-server").toString()
        val config = Path(System.getProperty("holm.root"), "android-demo", "server.toml").toString()
        process =
            ProcessBuilder(binary, "--data-dir", "$directory", "--listen", "127.0.0.1:0", "--config", config, "--log-level", "warn")
                .redirectError(File(directory.toFile(), "log"))
                .start()
        Runtime.getRuntime().addShutdownHook(reaper)
        val announcement = process.inputReader().readLine()
        check(announcement != null) { "the server did not start: ${File(directory.toFile(), "log").readText()}" }
        url = Json.parseToJsonElement(announcement).jsonObject.getValue("listening").jsonPrimitive.content
    }

    override fun close() {
        end()
        Runtime.getRuntime().removeShutdownHook(reaper)
    }

    @OptIn(ExperimentalPathApi::class)
    private fun end() {
        process.destroyForcibly()
        check(process.waitFor(10, TimeUnit.SECONDS)) { "the server does not die" }
        directory.deleteRecursively()
    }

    companion object {
        /** One for all tests that bring an account of their own. */
        val shared: ServerProcess by lazy { ServerProcess() }
    }
}

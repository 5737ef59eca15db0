package dev.holm

import dev.holm.ffi.FfiFault
import dev.holm.ffi.FfiTestDevice
import dev.holm.internal.coreName
import dev.holm.internal.named
import dev.holm.scenario.sorted
import dev.holm.support.ServerProcess
import dev.holm.support.Story
import dev.holm.support.story
import kotlinx.coroutines.flow.catch
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.toList
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.junit.jupiter.api.Test
import java.io.File
import kotlin.test.assertEquals
import kotlin.time.Clock
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.minutes

/** The truth table of the cache policies, cell by cell as `tests/scenarios/README.md` has it: the same transcript as in Rust and Swift. */
class PolicyTest {
    private val root = File(System.getProperty("holm.root"))
    private val email = "policies@example.com"

    @Test
    fun a_read_gives_under_each_policy_what_the_table_says() =
        story(limit = 5.minutes) {
            val table = Json.parseToJsonElement(root.resolve("tests/scenarios/policies/table.json").readText())
            val cells = table.jsonObject.getValue("cells").jsonArray
            val url = using(ServerProcess()).url
            val writer = opened(config(url, 5.minutes))
            writer.signUp(email, Story.PASSWORD)
            writer.tasks.create("d", document(-1))
            val replayed =
                cells.mapIndexed { number, cell ->
                    JsonObject(cell.jsonObject + ("results" to results(Cell(cell.jsonObject, number), writer, url)))
                }
            val transcript = root.resolve("target/scenarios/kotlin/policies.json")
            transcript.parentFile.mkdirs()
            transcript.writeText("${JsonObject(mapOf("cells" to JsonArray(replayed))).sorted()}\n")
            for ((expected, actual) in cells.zip(replayed)) assertEquals<Any>(expected, actual)
        }

    private class Cell(private val json: JsonObject, number: Int) {
        val old = 2 * number
        val isOfDocument get() = text("subject") == "document"
        val policy get() = named(CachePolicy.entries, text("policy"))

        fun text(name: String) = json.getValue(name).jsonPrimitive.content
    }

    private suspend fun results(cell: Cell, writer: Holm, url: String): JsonArray {
        writer.write(cell.old)
        val network = FfiTestDevice(Clock.System.now().toEpochMilliseconds())

        @OptIn(InternalHolmApi::class)
        val reader = Holm.open(config(url, if (cell.text("cache") == "stale") Duration.ZERO else 1.hours), network)
        reader.signIn(email, Story.PASSWORD)
        if (cell.text("cache") != "missing") reader.sync()
        writer.write(cell.old + 1)
        when (val condition = cell.text("network")) {
            "online" -> Unit
            "offline" -> reader.setNetwork(Network.Offline)
            "timeout" -> network.fail(FfiFault.Timeout, null)
            "5xx" -> network.fail(status(500), null)
            else -> network.fail(status(condition.toInt()), null)
        }
        return JsonArray(told(reader.tasks, cell)).also {
            reader.shutDown()
            network.destroy()
        }
    }

    private suspend fun told(tasks: HolmCollection<JsonObject>, cell: Cell): List<JsonObject> {
        val fetched =
            if (cell.isOfDocument) {
                tasks.fetch("d", cell.policy).map { row(it, it.value, cell) }
            } else {
                tasks.fetch(Query.All, cell.policy).map { row(it, it.value.firstOrNull(), cell) }
            }
        return fetched.catch { e -> emit(JsonObject(mapOf("error" to JsonPrimitive((e as HolmException).code)))) }.toList()
    }

    private fun row(fetched: Fetched<*>, document: JsonObject?, cell: Cell): JsonObject {
        val refresh = fetched.refresh
        return JsonObject(
            mapOf(
                "origin" to JsonPrimitive(coreName(fetched.origin)),
                "stale" to JsonPrimitive(fetched.isStale),
                "value" to JsonPrimitive(shown(document, cell)),
                "refresh" to JsonPrimitive(word(refresh)),
                "error" to JsonPrimitive((refresh as? Refresh.Failed)?.error?.code),
            ),
        )
    }

    private fun word(refresh: Refresh) =
        when (refresh) {
            Refresh.None -> "idle"
            Refresh.Running -> "running"
            is Refresh.Failed -> "failed"
        }

    private fun shown(document: JsonObject?, cell: Cell) =
        when (document?.getValue("n")?.jsonPrimitive?.int) {
            null -> "none"
            cell.old -> "old"
            cell.old + 1 -> "new"
            else -> error("a document of another cell")
        }

    private suspend fun Holm.write(n: Int) {
        tasks.update("d", document(n))
        sync()
    }

    private fun config(url: String, timeToLive: Duration) =
        HolmConfig(
            url,
            Storage.InMemory,
            listOf(CollectionSpec("tasks", JsonObject.serializer(), cache = CacheOptions(timeToLive = timeToLive))),
            autoSync = false,
        )

    private fun document(n: Int) = JsonObject(mapOf("n" to JsonPrimitive(n)))

    private fun status(code: Int) = FfiFault.Status(code.toUShort(), null)

    private val Holm.tasks: HolmCollection<JsonObject> get() = collection("tasks")
}

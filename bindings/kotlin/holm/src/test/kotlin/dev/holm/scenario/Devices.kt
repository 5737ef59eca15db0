package dev.holm.scenario

import dev.holm.ActionResult
import dev.holm.Conflict
import dev.holm.Holm
import dev.holm.HolmCollection
import dev.holm.HolmConfig
import dev.holm.JournalEntry
import dev.holm.Operation
import dev.holm.Receipt
import dev.holm.Storage
import dev.holm.support.ServerProcess
import dev.holm.support.Story
import kotlinx.coroutines.yield
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import java.io.File

/** The devices of a scenario, made when they are first named. */
internal class Devices(private val story: Story, private val scenario: Scenario, private val server: ServerProcess) {
    private val open = sortedMapOf<String, Holm>()
    private val lastAction = mutableMapOf<String, Receipt>()
    private val directories = mutableMapOf<String, File>()

    suspend fun of(step: Scenario.Step): Holm = named(step.text("device"))

    suspend fun named(name: String): Holm {
        open[name]?.let { return it }
        val email = "${scenario.name}@example.com"
        val device = opened(name)
        if (directories.size == 1) device.signUp(email, PASSWORD) else device.signIn(email, PASSWORD)
        return device
    }

    suspend fun restart(step: Scenario.Step) {
        of(step).shutDown()
        opened(step.text("device"))
    }

    private suspend fun opened(name: String): Holm {
        val directory = directories.getOrPut(name) { story.directory().toFile() }
        val storage = Storage.Directory(directory)
        val config = HolmConfig(server.url, storage, scenario.collections, autoSync = false, ordered = scenario.ordered)
        return story.opened(config).also { open[name] = it }
    }

    suspend fun collection(step: Scenario.Step): HolmCollection<JsonObject> = of(step).collection(collectionName(step))

    fun collectionName(step: Scenario.Step): String = step.textOrNull("collection") ?: scenario.collections.first().name

    suspend fun conflict(step: Scenario.Step): Conflict {
        val found = of(step).conflicts().find { it.collection == collectionName(step) && it.documentId == step.text("id") }
        return checkNotNull(found) { "no conflict in $step" }
    }

    suspend fun parked(step: Scenario.Step): Operation {
        val found = of(step).parked().find { it.collection == collectionName(step) && it.documentId == step.text("id") }
        return checkNotNull(found) { "nothing parked in $step" }
    }

    suspend fun act(step: Scenario.Step) {
        val (collection, id) = step.textOrNull("collection") to step.textOrNull("id")
        lastAction[step.text("device")] = of(step).action(step.text("name"), collection, id, step.document("params"))
    }

    /** Waits until no conflict waits for the resolver: a person is told of the others. */
    suspend fun decided(step: Scenario.Step) {
        val device = of(step)
        while (shown(device).values.flatMap { it.jsonArray }.count { it.inConflict() } > device.conflicts().size) yield()
    }

    private fun JsonElement.inConflict() = jsonObject["status"] == JsonPrimitive("conflict")

    /** How the last action of a device ended. */
    suspend fun result(step: Scenario.Step): ActionResult = of(step).result(lastAction.getValue(step.text("device")))

    /** The newest journal entry of a step's document. */
    suspend fun journalled(step: Scenario.Step): JournalEntry {
        val entries = of(step).journal(limit = 1_000)
        val found = entries.find { it.collection == collectionName(step) && it.documentId == step.text("id") }
        return checkNotNull(found) { "no journal entry in $step" }
    }

    /** What all devices show. */
    suspend fun transcript(): JsonObject = JsonObject(open.mapValues { (_, device) -> shown(device) })
}

private const val PASSWORD = "correct horse"

/** What a device shows, collection by collection. */
internal suspend fun shown(device: Holm): JsonObject =
    JsonObject(
        device.dump().mapValues { (_, collection) ->
            JsonArray(collection.jsonObject.getValue("docs").jsonArray.map { JsonObject(it.jsonObject - "seq") })
        },
    )

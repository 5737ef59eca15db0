package dev.holm.scenario

import dev.holm.HolmCollection
import dev.holm.HolmException
import dev.holm.Network
import dev.holm.Resolution
import dev.holm.WriteScope
import dev.holm.support.failsWith
import kotlinx.coroutines.delay
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import kotlin.time.Duration.Companion.milliseconds

/** Does what the steps of a scenario say. */
internal class Replay(private val devices: Devices) {
    private val expectations = Expectations(devices)

    suspend fun run(steps: List<Scenario.Step>) {
        for (step in steps) {
            val code = step.fails
            try {
                if (code == null) perform(step) else failsWith(code) { perform(step) }
            } catch (e: HolmException) {
                throw AssertionError("$e in $step", e)
            } catch (e: AssertionError) {
                throw AssertionError("${e.message} in $step", e)
            }
        }
    }

    private suspend fun perform(step: Scenario.Step) {
        when (step.action) {
            "create", "update", "replace", "delete" -> write(step, listOf(step))

            "write" -> write(step, step.writes())

            "sync", "resync" -> sync(step)

            "offline", "online" -> setNetwork(step)

            "restart" -> devices.restart(step)

            "action" -> devices.act(step)

            "decided" -> devices.decided(step)

            "resolve", "retry", "discard", "restore" -> repair(step)

            // No synchronisation: the story itself wants time to pass.
            "wait_ms" -> delay(step.value("ms").jsonPrimitive.long.milliseconds)

            else -> expectations.check(step)
        }
    }

    private suspend fun sync(step: Scenario.Step) {
        val holm = devices.of(step)
        when (step.action) {
            "resync" -> holm.resync(devices.collectionName(step))
            else -> step.textOrNull("collection")?.let { holm.sync(it) } ?: holm.sync()
        }
    }

    private suspend fun setNetwork(step: Scenario.Step) =
        devices.of(step).setNetwork(if (step.action == "online") Network.Unmetered else Network.Offline)

    private suspend fun repair(step: Scenario.Step) {
        when (step.action) {
            "resolve" -> devices.conflict(step).resolve(resolution(step))
            "retry" -> devices.parked(step).retry()
            "discard" -> devices.parked(step).discard()
            else -> devices.of(step).restore(devices.journalled(step))
        }
    }

    private suspend fun write(step: Scenario.Step, writes: List<Scenario.Step>) {
        val device = devices.of(step)
        device.write(group = step.valueOrNull("group")?.jsonPrimitive?.boolean ?: false) {
            for (write in writes) add(write, device.collection(devices.collectionName(write)))
        }
    }

    private fun WriteScope.add(write: Scenario.Step, collection: HolmCollection<JsonElement>) {
        val id = write.text("id")
        when (write.action) {
            "create" -> create(collection, id, write.value("doc"))
            "update" -> update(collection, id, write.document("patch"))
            "replace" -> replace(collection, write.value("doc").withId(id), write.valueOrNull("basedOn")?.jsonPrimitive?.long)
            "delete" -> delete(collection, id)
            else -> error("$write is no write")
        }
    }

    private fun JsonElement.withId(id: String) = if (this is JsonObject) JsonObject(this + ("id" to JsonPrimitive(id))) else this

    private fun resolution(step: Scenario.Step): Resolution {
        val choice = step.value("choice")
        return when (choice) {
            JsonPrimitive("keepLocal") -> Resolution.KeepLocal
            JsonPrimitive("keepServer") -> Resolution.KeepServer
            JsonPrimitive("merge") -> Resolution.Merge
            else -> Resolution.Document(choice.jsonObject.getValue("doc").jsonObject)
        }
    }
}

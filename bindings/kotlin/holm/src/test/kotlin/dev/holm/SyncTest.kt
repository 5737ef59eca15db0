package dev.holm

import dev.holm.support.ServerProcess
import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todoSpec
import dev.holm.support.todos
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.first
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.put
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds

/** Two devices of one account, and a real server. */
class SyncTest {
    @Test
    fun two_devices_come_to_show_the_same() =
        story {
            val (a, b) = device() to device()
            a.todos.createAll(List(20) { Todo("from a, no. $it", createdAt = it.toLong()) })
            b.todos.createAll(List(20) { Todo("from b, no. $it", createdAt = it.toLong()) })
            a.sync()
            b.sync()
            a.sync()
            assertEquals(40, a.todos.count())
            assertEquals(a.dump(), b.dump())
            assertTrue(a.todos.queryStored().all { it.status == SyncStatus.Synced && it.version == 1L })

            val some = a.todos.query { where("createdAt" lt 5).orderBy("createdAt", desc) }
            a.todos.delete(some[0].id)
            b.todos.update(some[1].id) { "title" set "changed by b" }
            a.sync()
            b.sync()
            a.sync()
            assertEquals(39, b.todos.count())
            assertEquals("changed by b", a.todos.get(some[1].id)?.title)
            assertEquals(a.dump(), b.dump())
        }

    @Test
    fun a_report_says_what_a_sync_did() =
        story {
            val (a, b) = device() to device()
            a.todos.createAll(List(3) { Todo("x") })
            assertEquals(3, a.sync().pushed)
            val report = b.sync()
            assertEquals(3, report.pulled)
            assertEquals(0, report.pushed + report.conflicts + report.parked)
            assertTrue(report.requests >= 1 && report.bytesUp > 0 && report.bytesDown > 0, "$report")
            val stats = b.stats()
            assertTrue(stats.requests >= report.requests && stats.bytesDown >= report.bytesDown, "$stats")
        }

    @Test
    fun sync_of_one_collection_leaves_the_others_queued() =
        story {
            val holm = device()
            holm.todos.create(Todo("x", id = "1"))
            val notes = holm.collection<JsonObject>("notes")
            notes.create("n", buildJsonObject { put("text", "y") })
            assertEquals(1, holm.sync("tasks").pushed)
            assertEquals(listOf("notes"), holm.pending().map { it.collection })
            failsWith(ErrorCode.INVALID_NAME) { holm.sync("no name") }
            failsWith(ErrorCode.INVALID_CONFIG) { offline().sync("tasks") }
            holm.setNetwork(Network.Offline)
            failsWith(ErrorCode.OFFLINE) { holm.sync("notes") }
            failsWith(ErrorCode.OFFLINE) { holm.resync("notes") }
        }

    @Test
    fun resync_reads_a_collection_anew_and_keeps_the_queue() =
        story {
            val holm = device()
            holm.todos.createAll(List(3) { Todo("x", id = "$it") })
            holm.sync()
            assertEquals(0, holm.sync().pulled)
            holm.todos.update("1") { "title" set "y" }
            val report = holm.resync("tasks")
            assertEquals(1, report.pushed)
            assertEquals(emptyList(), report.deferred)
            assertEquals(emptyList(), report.setAside)
            assertEquals("y", holm.todos.get("1")?.title)
            assertEquals(3, holm.todos.count())
            failsWith(ErrorCode.INVALID_NAME) { holm.resync("no name") }
        }

    @Test
    fun a_write_is_confirmed_with_its_version() =
        story {
            val holm = device()
            val create = holm.todos.create(Todo("x", id = "1"))
            holm.sync()
            assertIs<WriteOutcome.Accepted>(holm.confirmed(create))
            val update = holm.todos.update("1") { "title" set "y" }
            val outcome = async { holm.confirmed(update) }
            holm.sync()
            assertEquals(WriteOutcome.Accepted(2), outcome.await())
            holm.awaitIdle()
        }

    @Test
    fun writes_go_out_by_themselves_and_changes_of_others_come_in() =
        story {
            val a = device()
            val storage = Storage.Directory(directory().toFile())
            val config =
                HolmConfig(ServerProcess.shared.url, storage, listOf(todoSpec()), debounce = 20.milliseconds, interval = 50.milliseconds)
            val b = opened(config)
            signIn(b)
            val receipt = b.todos.create(Todo("from b", id = "b"))
            assertIs<WriteOutcome.Accepted>(b.confirmed(receipt))
            b.awaitIdle()
            a.todos.create(Todo("from a", id = "a"))
            a.sync()
            val seen = b.todos.live().first { snapshot -> snapshot.values.any { it.id == "a" } }
            assertEquals(setOf("a", "b"), seen.values.map { it.id }.toSet())
            assertEquals(2, a.todos.count())
        }

    @Test
    fun field_operations_of_two_devices_add_up() =
        story {
            val (a, b) = device() to device()
            a.todos.create(Todo("x", priority = 10, tags = listOf("a", "b", "c"), note = "n", id = "1"))
            a.sync()
            b.sync()
            a.todos.update("1") {
                Todo::priority increment 1
                Todo::tags addToSet listOf("from a", "a")
            }
            b.todos.update("1") {
                "priority" increment 5
                "tags" removeFromSet listOf("b")
                "note".remove()
            }
            a.sync()
            b.sync()
            a.sync()
            val expected = Todo("x", priority = 16, tags = listOf("a", "c", "from a"), id = "1")
            assertEquals(expected, a.todos.get("1"))
            assertEquals(a.dump(), b.dump())
        }

    @Test
    fun the_dump_shows_documents_as_they_are_and_a_digest() =
        story {
            val holm = device()
            holm.todos.create(Todo("x", id = "1"))
            holm.sync()
            val tasks = holm.dump().getValue("tasks").jsonObject
            assertEquals(JsonPrimitive(1), tasks["count"])
            assertEquals(16, tasks.getValue("digest").toString().trim('"').length)
            val document = holm.dump().toString()
            assertTrue("\"status\":\"synced\"" in document && "\"title\":\"x\"" in document, document)
        }

    @Test
    fun the_status_flow_tells_of_a_sync() =
        story {
            val holm = device()
            assertEquals(0, holm.status.first().pending)
            holm.todos.create(Todo("x"))
            val waiting = holm.status.first { it.pending == 1L }
            assertEquals(Phase.Idle, waiting.phase)
            holm.sync()
            val done = holm.status.first { it.pending == 0L }
            assertNotNull(done.lastSync)
            assertEquals(null, done.lastError)
            assertEquals(done, holm.state())
        }

    @Test
    fun without_a_network_a_sync_says_offline_and_writes_stay_queued() =
        story {
            val holm = device()
            holm.todos.create(Todo("x"))
            holm.setNetwork(Network.Offline)
            val error = failsWith(ErrorCode.OFFLINE) { holm.sync() }
            assertTrue(error.retryable)
            val state = holm.status.first { it.phase == Phase.Offline && it.lastError != null }
            assertEquals(ErrorCode.OFFLINE, state.lastError?.code)
            assertEquals(1, state.pending)
            holm.setNetwork(Network.Unmetered)
            assertEquals(1, holm.sync().pushed)
        }

    @Test
    fun a_client_without_a_server_says_so_when_asked_to_sync() =
        story {
            val error = failsWith(ErrorCode.INVALID_CONFIG) { offline().sync() }
            assertEquals("no server is configured", error.message)
            assertTrue(!error.retryable)
        }
}

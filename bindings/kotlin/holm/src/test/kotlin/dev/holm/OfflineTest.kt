package dev.holm

import dev.holm.support.Place
import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todos
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertNotEquals
import kotlin.test.assertNull
import kotlin.test.assertTrue

/** What works without a server. */
class OfflineTest {
    @Test
    fun a_document_is_made_read_changed_and_deleted() =
        story {
            val todos = offline().todos
            val milk = todos.create(Todo("Buy milk", createdAt = 1))
            assertEquals(Todo("Buy milk", createdAt = 1, id = milk.documentId), todos.get(milk.documentId))

            todos.update(milk.documentId) { Todo::isCompleted set true }
            val stored = todos.getStored(milk.documentId)
            assertEquals(true, stored?.value?.isCompleted)
            assertEquals(SyncStatus.PendingCreate, stored?.status)
            assertNull(stored?.version)
            assertTrue(stored?.status?.needsSync == true)

            todos.delete(milk.documentId)
            assertNull(todos.get(milk.documentId))
            failsWith(ErrorCode.NOT_FOUND) { todos.delete(milk.documentId) }
        }

    @Test
    fun an_empty_id_is_made_by_holm_and_a_given_one_is_kept() =
        story {
            val todos = offline().todos
            val made = List(3) { todos.create(Todo("x")).documentId }
            assertEquals(3, made.toSet().size)
            // UUIDs of version 7.
            made.forEach { assertEquals('7', it[14]) }
            assertEquals("mine", todos.create(Todo("x", id = "mine")).documentId)
            assertEquals("other", todos.create("other", Todo("x")).documentId)
            failsWith(ErrorCode.ALREADY_EXISTS) { todos.create(Todo("x", id = "mine")) }
            failsWith(ErrorCode.INVALID_DOCUMENT) { todos.create("another", Todo("x", id = "mine")) }
        }

    @Test
    fun many_documents_are_made_together_or_not_at_all() =
        story {
            val todos = offline().todos
            assertEquals(100, todos.createAll(List(100) { Todo("no. $it") }).size)
            failsWith(ErrorCode.ALREADY_EXISTS) { todos.createAll(listOf(Todo("a", id = "a"), Todo("b", id = "b"), Todo("a", id = "a"))) }
            assertEquals(100, todos.count())
        }

    @Test
    fun replacing_sets_the_whole_content() =
        story {
            val todos = offline().todos
            todos.create(Todo("x", note = "n", tags = listOf("a"), id = "1"))
            todos.replace(Todo("y", id = "1"))
            assertEquals(Todo("y", id = "1"), todos.get("1"))
            failsWith(ErrorCode.NOT_FOUND) { todos.replace(Todo("y", id = "2")) }
            failsWith(ErrorCode.INVALID_DOCUMENT) { todos.replace(Todo("y")) }
        }

    @Test
    fun two_versions_of_a_document_give_an_update_of_what_differs() =
        story {
            val holm = offline()
            val (todos, raw) = holm.todos to holm.collection<JsonObject>("tasks")
            val before = Todo("x", note = "n", place = Place("Berlin", "10115"), id = "1")
            todos.create(before)
            raw.update("1", buildJsonObject { put("fromTheFuture", 1) })

            val after = before.copy(title = "y", note = null, place = Place("Berlin"))
            todos.update(before, after)
            assertEquals(after, todos.get("1"))
            // The class does not know this field, so it stays.
            assertEquals(JsonPrimitive(1), raw.get("1")?.get("fromTheFuture"))
            assertEquals(null, raw.get("1")?.get("note"))

            assertNull(todos.update(after, after).operationId)
            failsWith(ErrorCode.INVALID_DOCUMENT) { todos.update(after, after.copy(id = "2")) }
        }

    @Test
    fun untyped_documents_are_what_they_are() =
        story {
            val raw = offline().collection<JsonObject>("things")
            val document =
                buildJsonObject {
                    put("n", JsonNull)
                    put("big", 9007199254740993)
                    put("list", JsonObject(mapOf("a" to JsonPrimitive(1.5))))
                }
            val receipt = raw.create(document)
            assertEquals(JsonObject(document + ("id" to JsonPrimitive(receipt.documentId))), raw.get(receipt.documentId))
            raw.create("x", JsonObject(emptyMap()))
            assertEquals("""{"id":"x"}""", raw.get("x").toString())
        }

    @Test
    fun a_write_that_changes_nothing_has_no_operation_and_counts_as_confirmed() =
        story {
            val holm = offline()
            holm.todos.create(Todo("x", id = "1"))
            val receipt = holm.todos.replace(Todo("x", id = "1"))
            assertEquals(Receipt("1", null), receipt)
            assertEquals(WriteOutcome.Unchanged, holm.confirmed(receipt))
        }

    @Test
    fun the_queue_shows_what_is_to_be_sent() =
        story {
            val holm = offline()
            val made = holm.todos.create(Todo("x", id = "1"))
            holm.todos.create(Todo("y", id = "2"))
            holm.todos.delete("2")
            val operation = holm.pending().single()
            assertEquals(made.operationId, operation.id)
            assertEquals("tasks" to "1", operation.collection to operation.documentId)
            assertEquals(OperationKind.Create to OperationState.Queued, operation.kind to operation.state)
            assertEquals(0, operation.attempts)
            assertNull(operation.error)
            assertEquals(1, holm.state().pending)
            assertTrue("1" in "$operation")
        }

    @Test
    fun a_client_says_who_it_is_and_what_it_did() =
        story {
            val (a, b) = offline() to offline()
            assertNotEquals(a.deviceId, b.deviceId)
            a.todos.create(Todo("x", id = "1"))
            assertTrue(a.stats().writes >= 1)
            assertNull(a.userId)
            assertEquals(setOf("tasks"), a.dump().keys)
        }
}

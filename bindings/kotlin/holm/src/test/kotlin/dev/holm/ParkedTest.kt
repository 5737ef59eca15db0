package dev.holm

import dev.holm.support.Story
import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todos
import kotlinx.serialization.json.JsonObject
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue

/** Writes that the server refuses. */
class ParkedTest {
    private suspend fun Story.refused(): Holm {
        val holm = device()
        holm.todos.create(Todo("fine", id = "1"))
        holm.sync()
        holm.todos.update("1") { "title" set "t".repeat(300) }
        assertEquals(1, holm.sync().parked)
        return holm
    }

    @Test
    fun f10_a_refused_write_is_visible_with_its_reason() =
        story {
            val holm = refused()
            val operation = holm.parked().single()
            assertEquals(OperationKind.Update to OperationState.Parked, operation.kind to operation.state)
            val error = assertNotNull(operation.error)
            assertEquals("VALIDATION_ERROR", error.code)
            assertTrue("title" in error.fields, "$error")
            assertTrue(error.message.isNotEmpty())
            assertTrue("title" in operation.changes, "${operation.changes}")
            assertEquals(SyncStatus.Failed, holm.todos.getStored("1")?.status)
            assertEquals(1, holm.state().parked)
        }

    @Test
    fun a_refused_write_is_repaired_and_sent_again() =
        story {
            val holm = refused()
            holm.todos.update("1") { "title" set "short" }
            val operation = holm.parked().single()
            operation.retry()
            assertEquals(1, holm.sync().pushed)
            assertEquals(SyncStatus.Synced, holm.todos.getStored("1")?.status)
            val other = device()
            other.sync()
            assertEquals("short", other.todos.get("1")?.title)
            failsWith(ErrorCode.NOT_FOUND) { operation.retry() }
        }

    @Test
    fun a_refused_write_is_given_up_and_the_journal_keeps_it() =
        story {
            val holm = refused()
            val operation = holm.parked().single()
            val ended = holm.confirmed(operation.id)
            assertEquals(WriteOutcome.Parked, ended)
            operation.discard()
            assertEquals("fine", holm.todos.get("1")?.title)
            assertEquals(SyncStatus.Synced, holm.todos.getStored("1")?.status)
            val entry = holm.journal().first()
            assertEquals(LossReason.Discarded to operation.id, entry.reason to entry.operationId)
            assertTrue("t".repeat(300) in entry.lost.toString())
            assertEquals(WriteOutcome.Discarded, holm.confirmed(operation.id))
            failsWith(ErrorCode.NOT_FOUND) { operation.discard() }
        }

    @Test
    fun a_refused_create_that_is_given_up_is_gone() =
        story {
            val holm = device()
            holm.collection<JsonObject>("tasks").create("1", JsonObject(mapOf("title" to kotlinx.serialization.json.JsonPrimitive(5))))
            assertEquals(1, holm.sync().parked)
            val operation = holm.parked().single()
            assertEquals(OperationKind.Create, operation.kind)
            operation.discard()
            assertNull(holm.collection<JsonObject>("tasks").get("1"))
            assertTrue("5" in holm.journal().single().lost["title"].toString())
        }

    @Test
    fun f09_one_refused_write_holds_up_no_other() =
        story {
            val holm = device()
            holm.todos.create(Todo("t".repeat(300), id = "bad"))
            holm.todos.createAll(List(999) { Todo("no. $it") })
            val report = holm.sync()
            assertEquals(999L to 1L, report.pushed to report.parked)
            assertEquals("bad", holm.parked().single().documentId)
            holm.awaitIdle()
        }
}

package dev.holm.testing

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertNull
import kotlin.test.assertTrue

/** What a sync could not do, as its report and the state say it. */
class ReportTest {
    @Test
    fun a_write_that_is_told_to_wait_is_deferred() =
        world { world ->
            val phone = world.device("phone")
            phone.holm.sync()
            val milk = phone.todos.create(Todo("Buy milk"))
            phone.network.fail(Fault.Deferred, times = 1)
            val deferred = phone.holm.sync().deferred.single()
            assertEquals(milk.operationId, deferred.operationId)
            assertEquals("SERVICE_UNAVAILABLE", deferred.code)
            assertTrue(deferred.nextAttempt > phone.now)
            val state = phone.holm.state()
            assertEquals(Triple(1L, 1L, 0L), Triple(state.pending, state.deferred, state.setAside))

            assertEquals(emptyList(), phone.holm.sync().deferred)
            assertEquals(0L to 0L, phone.holm.state().let { it.pending to it.deferred })
        }

    @Test
    fun a_record_that_cannot_be_read_is_set_aside_until_it_can() =
        world { world ->
            val phone = world.device("phone")
            val tablet = world.device("tablet")
            tablet.holm.sync()
            phone.todos.create(Todo("Buy milk", id = "t"))
            phone.todos.create(Todo("Buy bread", id = "u"))
            phone.holm.sync()

            tablet.network.fail(Fault.Unreadable, times = 1)
            val aside = tablet.holm.sync().setAside
            assertEquals(setOf("todos" to "t", "todos" to "u"), aside.map { it.collection to it.documentId }.toSet())
            assertEquals("INVALID_RESPONSE", aside.first().error.code)
            assertEquals(2, tablet.holm.state().setAside)
            assertNull(tablet.todos.get("t"))

            // A newer state that can be read takes its place.
            phone.todos.update("t") { "isCompleted" set true }
            phone.holm.sync()
            assertEquals(emptyList(), tablet.holm.sync().setAside)
            assertEquals(1, tablet.holm.state().setAside)
            assertEquals(Todo("Buy milk", isCompleted = true, id = "t"), tablet.todos.get("t"))
        }

    private fun world(story: suspend (TestWorld) -> Unit) = runBlocking { TestWorld(listOf(todoCollection)).use { story(it) } }
}

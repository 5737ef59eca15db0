package dev.holm.testing

import dev.holm.HolmConfig
import dev.holm.Storage
import dev.holm.SyncStatus
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse

/** One order for all writes. */
class OrderedTest {
    /** A device on which a write is refused, and another one was made after it. */
    private fun refused(ordered: Boolean, story: suspend (TestDevice) -> Unit) =
        runBlocking {
            TestWorld(listOf(todoCollection), "[collections.todos.fields.title]\nmax_length = 10\n").use { world ->
                val phone = world.device("phone", ordered = ordered)
                phone.todos.create(Todo("much too long for this server", id = "long"))
                phone.todos.create(Todo("fine", id = "later"))
                assertEquals(1, phone.holm.sync().parked)
                story(phone)
            }
        }

    private suspend fun TestDevice.later() = todos.getStored("later")?.status

    @Test
    fun a_refused_write_stops_what_was_made_after_it() =
        refused(ordered = true) { phone ->
            assertEquals(SyncStatus.PendingCreate, phone.later())
            assertEquals(0, phone.holm.sync().pushed)
            phone.todos.update("long") { Todo::title set "short" }
            phone.holm.parked().single().retry()
            assertEquals(2, phone.holm.sync().pushed)
            assertEquals(SyncStatus.Synced, phone.later())
        }

    @Test
    fun a_refused_write_that_is_given_up_stops_nothing_any_more() =
        refused(ordered = true) { phone ->
            phone.holm.parked().single().discard()
            phone.holm.sync()
            assertEquals(SyncStatus.Synced, phone.later())
        }

    @Test
    fun without_that_order_it_stops_its_own_document_only() {
        assertFalse(HolmConfig(null, Storage.InMemory).ordered)
        refused(ordered = false) { phone -> assertEquals(SyncStatus.Synced, phone.later()) }
    }
}

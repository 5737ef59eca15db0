package dev.holm.testing

import dev.holm.Consistency
import dev.holm.ErrorCode
import dev.holm.HolmException
import dev.holm.WriteOutcome
import dev.holm.collectionSpec
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.fail
import kotlin.time.Duration.Companion.seconds

/** Writes of a confirmed collection: they return with the server's word, or leave nothing behind. */
class ConsistencyTest {
    private val spec = collectionSpec<Todo>("todos", consistency = Consistency.Confirmed(timeout = 20.seconds))

    private fun story(tell: suspend (world: TestWorld, phone: TestDevice, tablet: TestDevice) -> Unit) =
        runBlocking { TestWorld(listOf(spec)).use { tell(it, it.device("phone"), it.device("tablet")) } }

    @Test
    fun a_confirmed_write_is_on_the_server_or_nowhere() =
        story { _, phone, tablet ->
            phone.todos.create(Todo("Buy milk", id = "t"))
            assertEquals(0, phone.holm.state().pending)
            tablet.holm.sync()
            phone.todos.update("t") { "isCompleted" set true }
            assertEquals(ErrorCode.VERSION_MISMATCH, failing { tablet.todos.update("t") { "title" set "Buy oat milk" } }.code)
            assertEquals(Todo("Buy milk", isCompleted = true, id = "t"), tablet.todos.get("t"))
            tablet.holm.write { update(tablet.todos, "t") { "title" set "Buy oat milk" } }

            phone.network.goOffline()
            assertEquals(ErrorCode.OFFLINE, failing { phone.todos.delete("t") }.code)
            assertEquals(Todo("Buy milk", isCompleted = true, id = "t"), phone.todos.get("t"))
            phone.network.goOnline()
            phone.holm.sync()
            assertEquals("Buy oat milk", phone.todos.get("t")?.title)
        }

    @Test
    fun a_write_without_an_answer_says_so_and_is_told_of_later() =
        story { world, phone, _ ->
            phone.holm.sync()
            phone.network.fail(Fault.LostReply)
            val writing =
                runBlocking(Dispatchers.Default) {
                    val call = async { failing { phone.todos.create(Todo("Buy milk", id = "t")) } }
                    // Time does not pass before the write has gone out and its reply is lost.
                    while (phone.holm.state().lastError == null) yield()
                    while (!call.isCompleted) {
                        world.advance(1.seconds)
                        yield()
                    }
                    call.await()
                }
            assertEquals(ErrorCode.UNCONFIRMED, writing.code)
            phone.network.heal()
            phone.holm.sync()
            assertEquals(WriteOutcome.Accepted(null), phone.holm.confirmed(assertNotNull(writing.operationId)))
        }

    @Test
    fun a_cancelled_write_that_was_not_sent_is_taken_back() =
        runBlocking(Dispatchers.Default) {
            TestWorld(listOf(spec)).use { world ->
                val phone = world.device("phone")
                // Nothing is sent before the collection was read, and that fails again and again.
                phone.network.fail(Fault.Timeout)
                val call = async(start = CoroutineStart.UNDISPATCHED) { phone.todos.create(Todo("Buy milk", id = "t")) }
                while (phone.todos.get("t") == null) yield()
                call.cancelAndJoin()
                while (phone.todos.get("t") != null) yield()
                assertNull(phone.todos.get("t"))
                assertEquals(0, phone.holm.state().pending)
            }
        }

    private suspend fun failing(call: suspend () -> Unit): HolmException =
        try {
            call()
            fail("it works")
        } catch (e: HolmException) {
            e
        }
}

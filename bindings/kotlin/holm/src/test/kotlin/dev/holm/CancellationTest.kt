package dev.holm

import dev.holm.support.SilentServer
import dev.holm.support.Story
import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todoSpec
import dev.holm.support.todos
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Test
import kotlin.random.Random
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNotNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime

/** Coroutines that are cancelled while the core works for them. */
class CancellationTest {
    private suspend fun Story.facing(server: SilentServer): Holm {
        val holm = opened(HolmConfig(server.url, Storage.Directory(directory().toFile()), listOf(todoSpec()), autoSync = false))
        holm.setToken("a token")
        return holm
    }

    @Test
    fun f61_a_cancelled_sync_ends_at_once_and_the_client_goes_on() =
        story {
            val server = using(SilentServer())
            val holm = facing(server)
            holm.todos.create(Todo("x", id = "1"))
            val sync = async { holm.sync() }
            server.asked.receive()
            val took = measureTime { sync.cancelAndJoin() }
            assertTrue(took < 2.seconds, "cancelling took $took")
            assertFailsWith<CancellationException> { sync.await() }
            // The database is not held, and the write is still to be sent.
            holm.todos.update("1") { "title" set "y" }
            assertEquals(1, holm.state().pending)
            holm.suspend()
            holm.resume()
            assertEquals("y", holm.todos.get("1")?.title)
        }

    @Test
    fun f61_a_timeout_around_a_sync_is_a_timeout_and_no_failure_of_holm() =
        story {
            val server = using(SilentServer())
            val holm = facing(server)
            assertFailsWith<TimeoutCancellationException> { withTimeout(100.milliseconds) { holm.sync() } }
            assertFailsWith<TimeoutCancellationException> {
                val receipt = holm.todos.create(Todo("x"))
                withTimeout(50.milliseconds) { holm.confirmed(receipt) }
            }
            assertFailsWith<TimeoutCancellationException> { withTimeout(50.milliseconds) { holm.awaitIdle() } }
        }

    @Test
    fun f61_closing_ends_those_who_wait() =
        story {
            val server = using(SilentServer())
            val holm = facing(server)
            val operation = assertNotNull(holm.todos.create(Todo("x")).operationId)
            val waiting =
                listOf(
                    async(start = CoroutineStart.UNDISPATCHED) { runCatching { holm.confirmed(operation) } },
                    async(start = CoroutineStart.UNDISPATCHED) { runCatching { holm.awaitIdle() } },
                )
            val sync = async { runCatching { holm.sync() } }
            server.asked.receive()
            holm.shutDown()
            for (waiter in waiting) assertEquals(ErrorCode.CLOSED, (waiter.await().exceptionOrNull() as HolmException).code)
            assertTrue(sync.await().exceptionOrNull() is HolmException)
        }

    @Test
    fun f61_a_cancelled_write_happens_whole_or_not_at_all() =
        story {
            val storage = Storage.Directory(directory().toFile())
            val holm = offline(storage)
            val todos = holm.todos
            val random = Random(61)
            repeat(200) { round ->
                val write =
                    launch {
                        holm.write {
                            create(todos, Todo("one", id = "$round a"))
                            create(todos, Todo("two", id = "$round b"))
                        }
                    }
                // Somewhere between the first step and the last.
                repeat(random.nextInt(40)) { kotlinx.coroutines.yield() }
                write.cancelAndJoin()
            }
            holm.shutDown()
            val again = offline(storage)
            val rounds = again.todos.query().groupBy { it.id.substringBefore(' ') }
            assertTrue(rounds.values.all { it.size == 2 }, "$rounds")
            // And what is there is queued.
            assertEquals(rounds.size * 2L, again.state().pending)
        }

    @Test
    fun f61_cancelled_calls_of_every_kind_leave_nothing_held() =
        story {
            val holm = offline(Storage.Directory(directory().toFile()))
            val todos = holm.todos
            todos.createAll(List(50) { Todo("no. $it", id = "$it") })
            val random = Random(7)
            val calls =
                listOf<suspend () -> Unit>(
                    { todos.create(Todo("x")) },
                    { todos.update("1") { "priority" increment 1 } },
                    { todos.query() },
                    { todos.live().collect { } },
                    { holm.status.collect { } },
                    { holm.awaitIdle() },
                    { holm.state() },
                )
            repeat(100) {
                val running = calls.map { call -> launch { call() } }
                repeat(random.nextInt(20)) { kotlinx.coroutines.yield() }
                running.forEach { it.cancel() }
                running.joinAll()
            }
            // Suspending waits for every reader and writer: it would not return if one were held.
            holm.suspend()
            holm.resume()
            todos.create(Todo("after", id = "after"))
            assertNotNull(todos.get("after"))
        }

    @Test
    fun a_cancelled_open_leaves_the_directory_free() =
        story {
            val storage = Storage.Directory(directory().toFile())
            repeat(20) {
                val started = CompletableDeferred<Unit>()
                val opening =
                    launch {
                        started.complete(Unit)
                        Holm.open(HolmConfig(null, storage)).close()
                    }
                started.await()
                opening.cancelAndJoin()
            }
            val holm = offline(storage)
            holm.todos.create(Todo("x", id = "1"))
            assertEquals(1, holm.todos.count())
        }

    @Test
    fun a_cancelled_shut_down_goes_on_to_its_end() =
        story {
            val holm = offline(Storage.Directory(directory().toFile()))
            val closing = launch(start = CoroutineStart.UNDISPATCHED) { holm.shutDown() }
            closing.cancelAndJoin()
            failsWith(ErrorCode.CLOSED) { holm.todos.count() }
        }
}

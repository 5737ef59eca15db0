package dev.holm

import dev.holm.support.Todo
import dev.holm.support.story
import dev.holm.support.todos
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** Many coroutines with one client. */
class ConcurrencyTest {
    @Test
    fun many_coroutines_write_and_every_write_counts() =
        story {
            val holm = offline(Storage.Directory(directory().toFile()))
            val todos = holm.todos
            todos.create(Todo("counter", priority = 0, id = "counter"))
            val watched = async { todos.live { where("id" eq "counter") }.first { it.values.single().priority == 1000 } }
            val writers =
                List(50) { writer ->
                    async {
                        repeat(20) { round ->
                            todos.update("counter") { Todo::priority increment 1 }
                            todos.create(Todo("from $writer", createdAt = round.toLong()))
                            assertEquals(round + 1L, todos.count { where(Todo::title eq "from $writer") })
                        }
                    }
                }
            writers.awaitAll()
            assertEquals(1000, todos.get("counter")?.priority)
            assertEquals(1001, todos.count())
            assertEquals(1000, watched.await().values.single().priority)
        }

    @Test
    fun writes_during_a_sync_are_sent_too() =
        story {
            val (a, b) = device() to device()
            val writing = launch { repeat(200) { a.todos.create(Todo("no. $it")) } }
            while (writing.isActive) a.sync()
            a.sync()
            b.sync()
            assertEquals(200, b.todos.count())
            assertEquals(a.dump(), b.dump())
        }

    @Test
    fun syncs_at_the_same_time_join() =
        story {
            val holm = device()
            holm.todos.createAll(List(100) { Todo("no. $it") })
            val before = holm.stats().requests
            List(50) { async(start = CoroutineStart.UNDISPATCHED) { holm.sync() } }.awaitAll()
            val requests = holm.stats().requests - before
            assertTrue(requests < 25, "$requests requests")
            assertEquals(0, holm.state().pending)
        }

    @Test
    fun two_clients_of_one_process_do_not_disturb_each_other() =
        story {
            val (one, other) = offline(Storage.Directory(directory().toFile())) to offline(Storage.Directory(directory().toFile()))
            val work = listOf(one, other).map { holm -> async { repeat(100) { holm.todos.create(Todo("x")) } } }
            work.awaitAll()
            one.shutDown()
            assertEquals(100, other.todos.count())
        }

    @Test
    fun a_client_closed_in_the_middle_answers_every_caller() =
        story {
            repeat(20) {
                val holm = offline(Storage.Directory(directory().toFile()))
                val todos = holm.todos
                todos.create(Todo("x", id = "1"))
                val calls =
                    List(40) { call ->
                        async {
                            runCatching {
                                when (call % 5) {
                                    0 -> todos.create(Todo("y"))
                                    1 -> todos.get("1")
                                    2 -> todos.query()
                                    3 -> holm.awaitIdle()
                                    else -> todos.live().collect { }
                                }
                            }
                        }
                    }
                holm.shutDown()
                for (failure in calls.awaitAll().mapNotNull { it.exceptionOrNull() }) {
                    assertTrue(failure is HolmException && failure.code == ErrorCode.CLOSED, "$failure")
                }
            }
        }
}

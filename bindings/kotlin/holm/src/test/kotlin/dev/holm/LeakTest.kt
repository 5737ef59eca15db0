package dev.holm

import dev.holm.support.Footprint
import dev.holm.support.Todo
import dev.holm.support.story
import dev.holm.support.todos
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Test
import kotlin.time.Duration.Companion.minutes

/** What calls leave behind: nothing. */
class LeakTest {
    private fun Holm.everyKindOfCall(): Map<String, suspend () -> Unit> {
        val operation = "01900000-0000-7000-8000-000000000000"
        val todos = todos
        return mapOf(
            "create and delete" to { todos.delete(todos.create(Todo("x")).documentId) },
            "update" to { todos.update("1") { "priority" increment 1 } },
            "replace" to { todos.replace(Todo("x", id = "1")) },
            "write" to { write { update(todos, "1") { "title" set "y" } } },
            "a write that fails" to { runCatching { todos.delete("missing") } },
            "get" to { todos.get("1") },
            "query" to { todos.query { where(Todo::isCompleted eq false).limit(5) } },
            "count" to { todos.count() },
            "page" to { todos.page(query { limit(5) }) },
            "a query that fails" to { runCatching { todos.query { limit(-1) } } },
            "live" to { todos.live().first() },
            "status" to { status.first() },
            "state" to { state() },
            "confirmed" to { runCatching { confirmed(operation) } },
            "pending" to { pending(1) },
            "parked, conflicts, journal" to {
                parked()
                conflicts()
                journal()
            },
            "device, user, stats" to {
                deviceId
                userId
                stats()
            },
            "dump" to { dump() },
        )
    }

    @Test
    fun ten_thousand_calls_of_each_kind_leave_nothing_behind() =
        story(limit = 10.minutes) {
            val holm = offline()
            holm.todos.createAll(List(10) { Todo("no. $it", id = "$it") })
            val calls = holm.everyKindOfCall()

            suspend fun each(times: Int) =
                calls.values.forEach { call ->
                    repeat(times) { call() }
                    Footprint.discard()
                }
            each(1_000)
            Footprint.assertNothingIsLeftBy { each(10_000) }
        }

    @Test
    fun f61_ten_thousand_cancelled_waits_leave_nothing_behind() =
        story(limit = 10.minutes) {
            val holm = offline()
            holm.todos.create(Todo("x"))

            suspend fun cancelled(times: Int) =
                repeat(times) {
                    val waits =
                        listOf(launch { holm.awaitIdle() }, launch { holm.todos.live().collect { } }, launch { holm.status.collect { } })
                    kotlinx.coroutines.yield()
                    waits.forEach { it.cancelAndJoin() }
                }
            cancelled(1_000)
            Footprint.assertNothingIsLeftBy {
                repeat(10) {
                    cancelled(1_000)
                    Footprint.discard()
                }
            }
        }

    @Test
    fun clients_that_are_closed_leave_no_thread_and_no_file() =
        story(limit = 10.minutes) {
            val storage = Storage.Directory(directory().toFile())

            suspend fun opened(times: Int) =
                repeat(times) {
                    val holm = Holm.open(HolmConfig("http://127.0.0.1:9", storage))
                    holm.todos.create(Todo("x"))
                    holm.todos.live().first()
                    holm.shutDown()
                }
            opened(20)
            Footprint.assertNothingIsLeftBy { opened(200) }
        }
}

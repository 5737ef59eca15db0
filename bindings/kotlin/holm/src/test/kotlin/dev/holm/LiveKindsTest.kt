package dev.holm

import dev.holm.support.Story
import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todos
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonPrimitive
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertNull

/** Figures, single documents and windows, once and live. */
class LiveKindsTest {
    /** Collects on the side; the collector takes one element at a time. */
    private fun <T> Story.collected(flow: Flow<T>): ReceiveChannel<T> {
        val channel = Channel<T>(Channel.RENDEZVOUS)
        launch {
            flow.collect { channel.send(it) }
            channel.close()
        }
        return channel
    }

    private suspend fun Holm.fill(count: Int) {
        todos.createAll(List(count) { Todo("t$it", it % 2 == 0, createdAt = it.toLong(), priority = it, id = "$it") })
    }

    private fun numbers(vararg values: Number) = values.map { JsonPrimitive(it) }

    @Test
    fun figures_are_computed_whole_and_by_group() =
        story {
            val holm = offline().also { it.fill(4) }
            val row =
                holm.todos
                    .aggregate(
                        Aggregate.Count,
                        Aggregate.sum("priority"),
                        Aggregate.min("priority"),
                        Aggregate.max("title"),
                        Aggregate.avg("priority"),
                    ).single()
            assertNull(row.by)
            assertEquals(numbers(4, 6, 0) + JsonPrimitive("t3") + JsonPrimitive(1.5), row.values)

            val groups = holm.todos.aggregate(Aggregate.Count, Aggregate.sum("priority"), by = "isCompleted")
            assertEquals(listOf(JsonPrimitive(false), JsonPrimitive(true)), groups.map { it.by })
            assertEquals(listOf(numbers(2, 4), numbers(2, 2)), groups.map { it.values })

            val some = holm.todos.aggregate(Aggregate.Count, query = query { where("priority" gt 1) })
            assertEquals(numbers(2), some.single().values)
        }

    @Test
    fun figures_of_nothing_or_of_no_field_are_refused() =
        story {
            val todos = offline().todos
            failsWith(ErrorCode.INVALID_QUERY) { todos.aggregate() }
            failsWith(ErrorCode.INVALID_QUERY) { todos.aggregate(*Array(17) { Aggregate.Count }) }
            failsWith(ErrorCode.INVALID_NAME) { todos.aggregate(Aggregate.sum("")) }
            failsWith(ErrorCode.INVALID_QUERY) { todos.liveAggregate().first() }
            val row = todos.aggregate(Aggregate.sum("priority"), Aggregate.avg("priority")).single()
            assertEquals(listOf(JsonPrimitive(0), JsonNull), row.values)
        }

    @Test
    fun live_figures_come_again_when_they_change() =
        story {
            val holm = offline().also { it.fill(2) }
            val rows = collected(holm.todos.liveAggregate(Aggregate.Count, Aggregate.sum("priority")))
            assertEquals(numbers(2, 1), rows.receive().single().values)
            holm.todos.update("0") { "title" set "no figure" }
            holm.todos.update("1") { "priority" set 5 }
            assertEquals(numbers(2, 5), rows.receive().single().values)
            holm.todos.delete("0")
            assertEquals(numbers(1, 5), rows.receive().single().values)
            holm.shutDown()
            assertNull(rows.receiveCatching().getOrNull())
        }

    @Test
    fun a_live_document_is_told_before_it_is_there_and_after() =
        story {
            val holm = offline()
            val shown = collected(holm.todos.live("a"))
            assertNull(shown.receive())
            holm.todos.create(Todo("x", id = "a"))
            val made = shown.receive()
            assertEquals("x" to SyncStatus.PendingCreate, made?.value?.title to made?.status)
            holm.todos.create(Todo("another", id = "b"))
            holm.todos.update("a") { "title" set "y" }
            assertEquals("y", shown.receive()?.value?.title)
            holm.todos.delete("a")
            assertNull(shown.receive())
            failsWith(ErrorCode.INVALID_NAME) { holm.todos.live("a\nb").first() }
            holm.shutDown()
            assertEquals(true, shown.receiveCatching().isClosed)
        }

    @Test
    fun a_window_shows_a_part_and_follows_a_document() =
        story {
            val holm = offline().also { it.fill(10) }
            val window = holm.todos.liveWindow(query { orderBy("createdAt") }, size = 3)
            val shown = collected(window.snapshots)
            val ids = { snapshot: WindowSnapshot<Todo> -> snapshot.snapshot.values.joinToString { it.id } }
            assertEquals(Triple("0, 1, 2", 0L, 7L), shown.receive().let { Triple(ids(it), it.before, it.after) })
            window.moveTo(4)
            assertEquals(Triple("4, 5, 6", 4L, 3L), shown.receive().let { Triple(ids(it), it.before, it.after) })
            window.moveTo("6")
            assertEquals("6, 7, 8", ids(shown.receive()))
            holm.todos.delete("0")
            assertEquals("6, 7, 8" to 5L, shown.receive().let { ids(it) to it.before })
            // Another collector begins where the window stands.
            assertEquals("6, 7, 8", ids(window.snapshots.first { it.before > 0 }))
            holm.shutDown()
            assertEquals(true, shown.receiveCatching().isClosed)
        }

    @Test
    fun a_window_without_a_size_is_refused() =
        story {
            val todos = offline().todos
            failsWith(ErrorCode.INVALID_QUERY) { todos.liveWindow(size = 0).snapshots.first() }
            failsWith(ErrorCode.INVALID_QUERY) { todos.liveWindow(size = 1).moveTo(-1) }
        }
}

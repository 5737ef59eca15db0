package dev.holm

import dev.holm.support.Story
import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todos
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertNull
import kotlin.test.assertTrue

/** Results that come again when they change. */
class LiveQueryTest {
    /** Collects on the side; the collector takes one element at a time. */
    private fun <T> Story.collected(flow: Flow<T>): ReceiveChannel<T> {
        val channel = Channel<T>(Channel.RENDEZVOUS)
        launch {
            flow.collect { channel.send(it) }
            channel.close()
        }
        return channel
    }

    @Test
    fun a_live_query_tells_what_came_went_changed_and_moved() =
        story {
            val holm = offline()
            val todos = holm.todos
            todos.create(Todo("b", createdAt = 2, id = "b"))
            todos.create(Todo("c", createdAt = 3, id = "c"))
            val snapshots = collected(todos.live { where(Todo::isCompleted eq false).orderBy(Todo::createdAt) })

            val first = snapshots.receive()
            assertEquals(listOf("b", "c"), first.values.map { it.id })
            assertEquals(listOf("b", "c"), first.inserted)

            todos.create(Todo("a", createdAt = 1, id = "a"))
            val second = snapshots.receive()
            assertEquals(listOf("a", "b", "c"), second.values.map { it.id })
            assertEquals(Triple(listOf("a"), listOf<String>(), listOf<String>()), Triple(second.inserted, second.updated, second.removed))

            todos.update("b") { "note" set "changed" }
            val third = snapshots.receive()
            assertEquals(listOf("b"), third.updated)
            assertEquals("changed", third.values[1].note)

            todos.update("c") { "createdAt" set 0 }
            val fourth = snapshots.receive()
            assertEquals(listOf("c", "a", "b"), fourth.values.map { it.id })
            assertEquals(listOf("c") to listOf("c"), fourth.moved to fourth.updated)

            todos.update("a") { "isCompleted" set true }
            val fifth = snapshots.receive()
            assertEquals(listOf("a"), fifth.removed)
            assertEquals(SyncStatus.PendingCreate, fifth.documents[0].status)

            // Closing the client completes the flow.
            holm.shutDown()
            assertNull(snapshots.receiveCatching().getOrNull())
        }

    @Test
    fun a_change_outside_the_result_wakes_no_watcher() =
        story {
            val holm = offline()
            val todos = holm.todos
            todos.create(Todo("seen", priority = 1, id = "seen"))
            val snapshots = collected(todos.live { where("priority" gte 1) })
            snapshots.receive()
            repeat(20) { todos.create(Todo("unseen", priority = 0)) }
            todos.update("seen") { "priority" set 2 }
            val next = snapshots.receive()
            assertEquals(listOf("seen") to emptyList(), next.updated to next.inserted)
            holm.shutDown()
        }

    @Test
    fun a_slow_collector_gets_the_latest_and_not_all() =
        story {
            val todos = offline().todos
            val (arrived, goOn) = CompletableDeferred<Unit>() to CompletableDeferred<Unit>()
            val sizes = mutableListOf<Int>()
            val differences = mutableListOf<Int>()
            val slow =
                launch {
                    todos.live().take(2).collect {
                        sizes += it.documents.size
                        differences += it.inserted.size
                        arrived.complete(Unit)
                        goOn.await()
                    }
                }
            arrived.await()
            repeat(100) { todos.create(Todo("no. $it")) }
            goOn.complete(Unit)
            slow.join()
            assertEquals(listOf(0, 100), sizes)
            assertEquals(listOf(0, 100), differences)
        }

    @Test
    fun a_cold_flow_watches_for_each_collector_anew() =
        story {
            val todos = offline().todos
            val live = todos.live()
            assertEquals(0, live.first().documents.size)
            todos.create(Todo("x"))
            assertEquals(listOf(1, 1), List(2) { live.first().documents.size })
        }

    @Test
    fun a_sync_status_is_part_of_what_is_watched() =
        story {
            val holm = device()
            val statuses = collected(holm.todos.live().map { snapshot -> snapshot.documents.map { it.status } })
            assertEquals(emptyList(), statuses.receive())
            holm.todos.create(Todo("x"))
            assertEquals(listOf(SyncStatus.PendingCreate), statuses.receive())
            val sync = launch { holm.sync() }
            val seen = mutableListOf<SyncStatus>()
            while (seen.lastOrNull() != SyncStatus.Synced) seen += statuses.receive()
            sync.join()
            assertTrue(SyncStatus.PendingCreate !in seen, "$seen")
            holm.shutDown()
        }

    @Test
    fun changes_of_another_device_arrive() =
        story {
            val (a, b) = device() to device()
            val titles = collected(b.todos.live().map { snapshot -> snapshot.values.map { it.title } })
            assertEquals(emptyList(), titles.receive())
            a.todos.create(Todo("from a"))
            a.sync()
            b.sync()
            assertEquals(listOf("from a"), titles.receive())
            b.shutDown()
        }

    @Test
    fun f61_cancelling_the_collector_ends_the_watch_and_frees_the_client() =
        story {
            val holm = offline()
            val watched = CompletableDeferred<Unit>()
            val collector = launch { holm.todos.live().collect { watched.complete(Unit) } }
            watched.await()
            collector.cancelAndJoin()
            // Nothing is called after this, and the client goes on.
            holm.todos.create(Todo("x"))
            assertEquals(1, holm.todos.live().first().documents.size)
        }

    @Test
    fun while_suspended_a_watch_waits_and_goes_on_after_it() =
        story {
            val holm = offline(Storage.Directory(directory().toFile()))
            holm.todos.create(Todo("x", id = "1"))
            val sizes = collected(holm.todos.live().map { it.documents.size })
            assertEquals(1, sizes.receive())
            holm.suspend()
            holm.resume()
            holm.todos.create(Todo("y", id = "2"))
            assertEquals(2, sizes.receive())
            holm.shutDown()
        }

    @Test
    fun a_query_that_cannot_be_understood_fails_when_collected() =
        story {
            val flow = offline().todos.live { where("a'b" eq 1) }
            failsWith(ErrorCode.INVALID_NAME) { flow.first() }
        }

    @Test
    fun the_status_flow_ends_with_closed() =
        story {
            val holm = offline()
            val phases = collected(holm.status.map { it.phase })
            assertEquals(Phase.Idle, phases.receive())
            launch { holm.suspend() }
            assertEquals(Phase.Suspended, phases.receive())
            launch { holm.shutDown() }
            assertEquals(Phase.Closed, phases.receive())
            assertNull(phases.receiveCatching().getOrNull())
        }

    @Test
    fun taking_some_snapshots_ends_the_watch() =
        story {
            val todos = offline().todos
            val two = launch { assertEquals(2, todos.live().take(2).toList().size) }
            while (two.isActive) todos.create(Todo("x"))
            two.join()
        }
}

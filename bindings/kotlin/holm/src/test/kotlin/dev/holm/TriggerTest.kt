package dev.holm

import dev.holm.support.ServerProcess
import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todoSpec
import dev.holm.support.todos
import kotlinx.coroutines.flow.first
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** What starts a sync: events of the platform, and slices of background time. */
class TriggerTest {
    @Test
    fun coming_to_the_foreground_brings_what_others_did() =
        story {
            val writer = device()
            val reader = opened(HolmConfig(ServerProcess.shared.url, Storage.InMemory, listOf(todoSpec())))
            signIn(reader)
            reader.sync()
            writer.todos.create(Todo("a", id = "a"))
            writer.sync()
            reader.report(Event.Background)
            reader.report(Event.Foreground)
            // Nothing but the event asks for it: the interval is a quarter of an hour.
            reader.todos.live().first { snapshot -> snapshot.values.any { it.id == "a" } }
            listOf(Event.Launched, Event.LowPower(true), Event.PushReceived).forEach(reader::report)
        }

    @Test
    fun slices_go_on_where_the_last_one_was_until_nothing_is_left() =
        story {
            val (writer, reader) = device() to device()
            writer.todos.createAll(List(2_000) { Todo("no. $it") })
            writer.sync()
            val none = reader.runBackground(Duration.ZERO)
            assertFalse(none.complete)
            assertEquals(0, none.report.requests)
            assertTrue(none.remainingCollections > 0)
            reader.todos.create(Todo("mine"))
            var slice = none
            while (!slice.complete) slice = reader.runBackground(2.seconds)
            assertEquals(0, slice.remainingWrites + slice.remainingCollections)
            assertEquals(2_001, reader.todos.count())
        }

    @Test
    fun a_slice_fails_as_a_sync_does_and_knows_what_a_budget_is() =
        story {
            val holm = offline()
            failsWith(ErrorCode.INVALID_CONFIG) { holm.runBackground(1.seconds) }
            failsWith(ErrorCode.INVALID_CONFIG) { device().runBackground((-1).milliseconds) }
            holm.report(Event.Foreground)
        }
}

package dev.holm.testing.docs

import dev.holm.CacheOptions
import dev.holm.CachePolicy
import dev.holm.Event
import dev.holm.Holm
import dev.holm.HolmException
import dev.holm.Origin
import dev.holm.Refresh
import dev.holm.collectionSpec
import dev.holm.testing.TestWorld
import dev.holm.testing.Todo
import dev.holm.testing.todoCollection
import dev.holm.testing.todos
import kotlinx.coroutines.flow.onCompletion
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.Serializable
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes

@Serializable
data class Illustration(val title: String, val id: String = "")

// snippet: a collection's cache
val illustrations = collectionSpec<Illustration>(
    "illustrations",
    cache = CacheOptions(policy = CachePolicy.CacheAndNetwork, timeToLive = 10.minutes),
)
// end

// snippet: a slice
suspend fun refresh(holm: Holm): Boolean = holm.runBackground(budget = 5.minutes).complete
// end

/** The Kotlin of the guides. */
class GuidesTest {
    private class PowerManager(val isPowerSaveMode: Boolean)

    private val shown = mutableListOf<Pair<String?, Origin>>()
    private val banners = mutableListOf<String>()
    private var isInProgress = true

    private fun show(value: Todo?, origin: Origin, age: Duration?, isStale: Boolean) {
        if (age != null || isStale) shown += value?.title to origin
    }

    private fun showBanner(error: HolmException) {
        banners += error.code
    }

    private fun hideProgress() {
        isInProgress = false
    }

    @Test
    fun a_fetch_shows_what_is_here_and_then_a_banner() =
        world { world ->
            val phone = world.device("phone")
            val id = phone.todos.create(Todo("Milk")).documentId
            world.syncAll()
            phone.network.goOffline()
            val todos = phone.todos
            // snippet: a fetch
            todos.fetch(id, policy = CachePolicy.CacheAndNetwork).onCompletion { hideProgress() }.collect { result ->
                show(result.value, result.origin, result.age, result.isStale)
                (result.refresh as? Refresh.Failed)?.let { showBanner(it.error) }
            }
            // end
            assertEquals("Milk" to Origin.Cache, shown.first())
            assertEquals(listOf("OFFLINE"), banners)
            assertFalse(isInProgress)
            // snippet: a pin
            todos.pin(id)
            // end
            assertEquals(10.minutes, illustrations.cache.timeToLive)
        }

    @Test
    fun what_happens_to_the_app_is_reported() =
        world { world ->
            val holm = world.device("phone").holm
            val powerManager = PowerManager(isPowerSaveMode = true)
            // snippet: events
            holm.report(Event.Launched) // after Holm.open
            holm.report(Event.Foreground) // the first activity was started
            holm.report(Event.Background) // the last one was stopped
            holm.report(Event.LowPower(powerManager.isPowerSaveMode))
            // end
            assertEquals(0, holm.state().parked)
        }

    @Test
    fun a_slice_does_what_there_is_time_for() =
        world { world ->
            val holm = world.device("phone").also { it.todos.create(Todo("Milk")) }.holm
            // snippet: no time
            val slice = holm.runBackground(Duration.ZERO)
            assertFalse(slice.complete)
            assertEquals(0, slice.report.requests)
            // end
            assertTrue(refresh(holm))
        }

    private fun world(story: suspend (TestWorld) -> Unit) = runBlocking { TestWorld(listOf(todoCollection)).use { story(it) } }
}

package dev.holm

import dev.holm.support.ServerProcess
import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todos
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue

/** Reads under a policy, as an app makes them. The whole table is in [PolicyTest]. */
class FetchTest {
    @Test
    fun what_another_device_wrote_is_shown_at_once_and_then_as_it_is() =
        story {
            val (phone, tablet) = List(2) { device() }
            phone.todos.create(Todo("Milk", id = "milk"))
            phone.sync()
            tablet.sync()
            phone.todos.update("milk") { Todo::title set "Oat milk" }
            phone.sync()

            val shown = tablet.todos.fetch("milk", CachePolicy.CacheAndNetwork).toList()
            assertEquals(listOf("Milk", "Oat milk"), shown.map { it.value?.title })
            assertEquals(listOf(Origin.Cache, Origin.Network), shown.map { it.origin })
            assertEquals(Refresh.Running, shown.first().refresh)
            assertNotNull(shown.last().age)
        }

    @Test
    fun without_a_network_the_network_first_gives_what_is_here_and_says_so() =
        story {
            val phone = device()
            phone.todos.create(Todo("Milk", id = "milk"))
            phone.sync()
            phone.setNetwork(Network.Offline)
            val found = phone.todos.fetch(CachePolicy.NetworkFirst) { where(Todo::title eq "Milk") }.first()
            assertEquals(listOf("milk"), found.value.map { it.id })
            assertTrue(found.isStale)
            assertEquals(ErrorCode.OFFLINE, assertIs<Refresh.Failed>(found.refresh).error.code)
            failsWith(ErrorCode.OFFLINE) { phone.todos.get("milk", CachePolicy.NetworkOnly) }
            assertEquals("Milk", phone.todos.get("milk", CachePolicy.CacheOnly)?.title)
            assertNull(phone.todos.get("nowhere", CachePolicy.CacheOnly))
            assertEquals(1, phone.todos.query(CachePolicy.CacheOnly) { all }.size)
        }

    @Test
    fun what_is_asked_and_found_is_counted() =
        story {
            val phone = device()
            phone.todos.get("nowhere", CachePolicy.CacheFirst)
            phone.todos.create(Todo("Milk", id = "milk"))
            phone.sync()
            phone.todos.get("milk", CachePolicy.CacheFirst)
            val cache = phone.stats().cache
            assertTrue(cache.misses >= 1, "$cache")
            assertTrue(cache.hits + cache.staleHits >= 1, "$cache")
            assertTrue(cache.refreshes >= 1, "$cache")
            assertNotNull(cache.lastRefresh)
        }

    @Test
    fun a_pinned_document_stays_whatever_the_limit() =
        story {
            val spec = collectionSpec<Todo>("tasks", cache = CacheOptions(maximumDocuments = 1))
            val device = device()
            device.todos.createAll(List(3) { Todo("no. $it", id = "$it") })
            device.sync()
            val limited = opened(HolmConfig(ServerProcess.shared.url, Storage.InMemory, listOf(spec), autoSync = false)).also { signIn(it) }
            limited.todos.pin("0")
            limited.sync()
            assertEquals("no. 0", limited.todos.get("0", CachePolicy.CacheOnly)?.title)
            assertTrue(limited.stats().cache.evictions > 0, "${limited.stats().cache}")
            limited.todos.unpin("0")
            failsWith(ErrorCode.INVALID_NAME) { limited.todos.pin("") }
        }

    @Test
    fun options_that_make_no_sense_are_named() =
        story {
            val options = CacheOptions(timeToLive = kotlin.time.Duration.parse("-1s"))
            val spec = collectionSpec<Todo>("tasks", cache = options)
            val told = failsWith(ErrorCode.INVALID_CONFIG) { offline(Storage.InMemory, spec) }
            assertTrue("timeToLive" in told.message, told.message)
        }
}

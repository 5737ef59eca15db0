package dev.holm.testing

import dev.holm.HolmException
import dev.holm.OperationState
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertSame
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Instant

/** A world of devices: who shares what, and how time passes. */
class TestWorldTest {
    @Test
    fun devices_of_an_account_share_their_data_and_others_do_not() =
        world { world ->
            val phone = world.device("phone")
            val tablet = world.device("tablet")
            val stranger = world.device("stranger", account = "another")
            assertSame(phone, world.device("phone"))
            phone.todos.create(Todo("Buy milk"))
            world.syncAll()
            assertEquals(1, tablet.todos.count())
            assertEquals(0, stranger.todos.count())
        }

    @Test
    fun two_worlds_know_nothing_of_each_other() =
        world { one ->
            world { two ->
                one.device("phone").todos.create(Todo("Buy milk"))
                one.syncAll()
                two.device("phone")
                two.syncAll()
                assertEquals(0, two.device("phone").todos.count())
            }
        }

    @Test
    fun time_stands_still_until_it_is_told_to_pass() =
        world { world ->
            val phone = world.device("phone")
            val start = Instant.parse("2026-01-01T00:00:00Z")
            assertEquals(start, world.now)
            assertEquals(start, phone.now)
            world.advance(3.days)
            assertEquals(start + 3.days, phone.now)
            assertEquals(start + 3.days, world.device("made later").now)
            phone.setClock(start + 400.days)
            world.advance(1.hours)
            assertEquals(start + 400.days + 1.hours, phone.now)
            assertEquals(start + 3.days + 1.hours, world.now)
            assertFailsWith<IllegalArgumentException> { world.advance((-1).hours) }
        }

    @Test
    fun a_session_that_has_aged_is_refreshed_and_sync_goes_on() =
        world { world ->
            val phone = world.device("phone")
            phone.todos.create(Todo("Buy milk"))
            world.advance(1.days)
            world.syncAll()
            assertEquals(1, world.device("tablet").also { world.syncAll() }.todos.count())
        }

    @Test
    fun a_client_that_syncs_by_itself_does_so_when_its_time_has_come() =
        world { world ->
            val phone = world.device("phone", autoSync = true)
            val tablet = world.device("tablet")
            val milk = phone.todos.create(Todo("Buy milk"))
            val confirmed = phone.holm.status.first { state ->
                // Its wait for more writes is over as soon as time passes, however often that has to be said.
                world.advance(1.minutes)
                state.pending == 0L
            }
            assertEquals(0, confirmed.parked)
            tablet.holm.sync()
            assertEquals("Buy milk", tablet.todos.get(milk.documentId)?.title)
        }

    @Test
    fun the_servers_rules_hold_and_a_refused_write_is_parked() =
        runBlocking {
            val rules = "[collections.todos.fields.title]\ntype = \"string\"\nmax_length = 10\n"
            TestWorld(listOf(todoCollection), rules).use { world ->
                val phone = world.device("phone")
                phone.todos.create(Todo("Buy more milk than the fridge can hold"))
                world.syncAll()
                assertEquals(OperationState.Parked, phone.holm.parked().single().state)
            }
        }

    @Test
    fun rules_that_make_no_sense_are_named() {
        val wrong = assertFailsWith<IllegalArgumentException> { TestWorld(listOf(todoCollection), "[limits]\nnonsense = 1\n") }
        assertTrue("nonsense" in wrong.message.orEmpty(), wrong.message)
    }

    @Test
    fun what_fails_to_the_end_is_told() =
        world { world ->
            world.device("phone").network.fail(Fault.ServerDown)
            assertEquals("SERVICE_UNAVAILABLE", assertFailsWith<HolmException> { world.syncAll() }.code)
        }

    @Test
    fun a_device_without_a_network_does_not_hold_up_the_others() =
        world { world ->
            world.device("phone").todos.create(Todo("Buy milk"))
            world.device("lost").network.goOffline()
            world.syncAll()
            assertEquals(0, world.device("phone").holm.state().pending)
        }

    private fun world(story: suspend (TestWorld) -> Unit) = runBlocking { TestWorld(listOf(todoCollection)).use { story(it) } }
}

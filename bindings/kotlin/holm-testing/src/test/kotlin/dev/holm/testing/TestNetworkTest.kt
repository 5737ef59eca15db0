package dev.holm.testing

import dev.holm.ErrorCode
import dev.holm.HolmException
import dev.holm.Phase
import dev.holm.SyncStatus
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.seconds

/** What a device's network can be told to do, and what the real client makes of it. */
class TestNetworkTest {
    @Test
    fun a_device_in_airplane_mode_tries_nothing_and_catches_up_later() =
        world { world ->
            val phone = world.device("phone")
            phone.network.goOffline()
            val before = phone.network.requests
            val milk = phone.todos.create(Todo("Buy milk"))
            assertEquals(ErrorCode.OFFLINE, failing { phone.holm.sync() }.code)
            assertEquals(Phase.Offline, phone.holm.state().phase)
            assertEquals(before, phone.network.requests)
            assertFalse(phone.network.isOnline)

            phone.network.goOnline()
            world.syncAll()
            assertEquals(SyncStatus.Synced, phone.todos.getStored(milk.documentId)?.status)
        }

    @Test
    fun every_fault_has_its_code() =
        world { world ->
            val phone = world.device("phone")
            val codes =
                mapOf(
                    Fault.Unreachable to ErrorCode.OFFLINE,
                    Fault.Timeout to ErrorCode.TIMEOUT,
                    Fault.LostReply to ErrorCode.CONNECTION_LOST,
                    Fault.CaptivePortal to ErrorCode.CAPTIVE,
                    Fault.Garbage to ErrorCode.INVALID_RESPONSE,
                    Fault.ServerDown to ErrorCode.SERVICE_UNAVAILABLE,
                    Fault.Status(500) to ErrorCode.SERVER_ERROR,
                    Fault.rateLimited(30.seconds) to ErrorCode.RATE_LIMITED,
                )
            for ((fault, code) in codes) {
                phone.network.fail(fault)
                assertEquals(code, failing { phone.holm.sync() }.code, "$fault")
                phone.network.heal()
            }
            phone.holm.sync()
        }

    @Test
    fun a_lost_reply_doubles_nothing() =
        world { world ->
            val phone = world.device("phone")
            val tablet = world.device("tablet")
            phone.todos.create(Todo("Buy milk"))
            phone.network.fail(Fault.LostReply, times = 1)
            world.syncAll()
            assertEquals(listOf("Buy milk"), tablet.todos.query().map { it.title })
            assertEquals(0, phone.holm.state().pending)
        }

    @Test
    fun an_expired_session_is_made_anew_without_a_word() =
        world { world ->
            val phone = world.device("phone")
            phone.network.fail(Fault.ExpiredSession, times = 1)
            val report = phone.holm.sync()
            assertTrue(report.requests > 0)
            assertTrue(phone.network.requests.any { "auth" in it.substringAfter(' ') && "refresh" in it }, "${phone.network.requests}")
        }

    @Test
    fun a_flaky_line_is_outlived() =
        world { world ->
            val phone = world.device("phone")
            val tablet = world.device("tablet")
            phone.todos.create(Todo("Buy milk"))
            phone.network.flaky()
            world.syncAll()
            assertEquals(1, tablet.todos.count())
        }

    @Test
    fun the_wait_that_a_server_asked_for_is_told() =
        world { world ->
            val phone = world.device("phone")
            phone.network.fail(Fault.Status(503, retryAfter = 30.seconds), times = 1)
            assertEquals(30.seconds, failing { phone.holm.sync() }.retryAfter)
        }

    @Test
    fun what_is_no_failure_is_refused() =
        world { world ->
            val phone = world.device("phone")
            assertFailsWith<IllegalArgumentException> { Fault.Status(200) }
            assertFailsWith<IllegalArgumentException> { phone.network.fail(Fault.Timeout, times = -1) }
        }

    private suspend fun failing(call: suspend () -> Unit): HolmException =
        try {
            call()
            throw AssertionError("should have failed")
        } catch (e: HolmException) {
            e
        }

    private fun world(story: suspend (TestWorld) -> Unit) = runBlocking { TestWorld(listOf(todoCollection)).use { story(it) } }
}

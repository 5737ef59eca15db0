package dev.holm.demo.desktop

import dev.holm.demo.model.*
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue

class DebugTest {
    private fun Stage.opensTheDebugMenu() {
        taps(told("settings_title"))
        taps(told("debug_title"))
        sees(told("debug_force_sync_hint"))
    }

    private suspend fun withTask(): Device =
        Device().signedIn().apply {
            holm.todos.create(Todo("Buy milk", createdAt = 1, id = "1"))
            holm.sync()
        }

    @Test
    fun forcing_a_sync_says_what_it_did() =
        onScreen(::withTask) {
            opensTheDebugMenu()
            device.elsewhere { todos.createAll(listOf(Todo("One"), Todo("Two"))) }
            taps(told("debug_force_sync"))
            sees(told("debug_synced", 0, 2))
        }

    @Test
    fun offline_is_played_and_ended() =
        onScreen(::withTask) {
            opensTheDebugMenu()
            taps(told("debug_offline"))
            taps(told("debug_force_sync"))
            sees(told("error_offline"))
            device.holm.todos.create(Todo("Waits"))
            taps(told("debug_offline"))
            device.holm.awaitIdle()
            device.elsewhere { assertEquals(2, todos.count()) }
        }

    @Test
    fun a_conflict_is_made_with_a_real_second_device() =
        onScreen(::withTask) {
            opensTheDebugMenu()
            taps(told("debug_conflict"))
            sees(told("debug_conflict_made", "Buy milk"))
            taps(told("action_back"))
            taps(told("action_back"))
            taps(told("status_conflicts", 1))
            sees(told("debug_conflict_mine", "Buy milk"))
            sees(told("debug_conflict_theirs", "Buy milk"))
        }

    @Test
    fun without_a_task_there_is_nothing_to_disagree_about() =
        onScreen({ Device().signedIn() }) {
            opensTheDebugMenu()
            taps(told("debug_conflict"))
            sees(told("debug_conflict_no_task"))
        }

    @Test
    fun the_log_is_exported_without_content_of_tasks() =
        onScreen(::withTask) {
            opensTheDebugMenu()
            until("the core has logged something") { device.session.log.lines().isNotEmpty() }
            taps(told("debug_export"))
            sees(told("debug_exported", ""))
            val log = device.around.exports.listFiles().orEmpty().single().readText()
            assertTrue(device.holm.deviceId in log, log)
            assertTrue("requests" in log, log)
            assertTrue(device.session.log.lines().first().message in log, log)
            assertFalse("milk" in log, log)
        }

    @Test
    fun the_queue_is_emptied_after_a_question() =
        onScreen(::withTask) {
            opensTheDebugMenu()
            taps(told("debug_offline"))
            device.holm.todos.update("1") { "title" set "Buy oat milk" }
            device.holm.todos.create(Todo("Never sent"))
            taps(told("debug_clear"))
            sees(told("debug_clear_explain", 2))
            confirms(told("action_cancel"))
            assertEquals(2, device.holm.todos.count())
            taps(told("debug_clear"))
            confirms(told("debug_clear"))
            sees(told("debug_cleared"))
            assertEquals(listOf("Buy milk"), device.holm.todos.query().map { it.title })
            assertEquals(0, device.holm.state().pending)
        }
}

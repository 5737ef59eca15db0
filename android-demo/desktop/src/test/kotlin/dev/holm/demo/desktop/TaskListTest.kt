package dev.holm.demo.desktop

import androidx.compose.ui.test.*
import dev.holm.Network
import dev.holm.demo.model.*
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

@OptIn(ExperimentalTestApi::class)
class TaskListTest {
    private fun Stage.adds(title: String) {
        types(told("tasks_new"), title)
        taps(told("action_add"))
        sees(title)
    }

    @Test
    fun a_task_is_made_done_filtered_and_deleted() =
        onScreen({ Device().signedIn() }) {
            adds("Water the plants")
            adds("Call Grandma")
            taps(told("task_mark_done", "Water the plants"))
            sees(told("task_mark_open", "Water the plants"))
            taps(told("filter_open"))
            seesNoMore("Water the plants")
            sees("Call Grandma")
            taps(told("filter_done"))
            sees("Water the plants")
            seesNoMore("Call Grandma")
            taps(told("filter_all"))
            taps("${told("action_delete")}: Call Grandma")
            confirms(told("action_delete"))
            seesNoMore("Call Grandma")
            device.holm.awaitIdle()
            device.elsewhere { assertEquals(listOf("Water the plants" to true), todos.query().map { it.title to it.isCompleted }) }
        }

    @Test
    fun the_badge_counts_what_the_server_does_not_have() =
        onScreen({ Device().signedIn() }) {
            device.holm.setNetwork(Network.Offline)
            adds("One")
            adds("Two")
            sees(told("tasks_unsynced", 2))
            sees(told("sync_pending_create"))
            sees(told("status_offline"))
            device.holm.setNetwork(Network.Unmetered)
            seesNoMore(told("tasks_unsynced", 2))
            seesNoMore(told("sync_pending_create"))
            sees(told("status_idle"))
        }

    @Test
    fun pulling_down_brings_what_another_device_wrote() =
        onScreen({ Device().signedIn() }) {
            sees(told("tasks_empty_all_title"))
            device.elsewhere { todos.create(Todo("From the tablet")) }
            ui.onNode(hasScrollAction()).performTouchInput { swipeDown() }
            sees("From the tablet")
        }

    @Test
    fun the_sync_button_does_the_same() =
        onScreen({ Device().signedIn() }) {
            sees(told("status_last_sync", told("time_now")))
            device.elsewhere { todos.create(Todo("From the tablet")) }
            taps(told("status_sync_now"))
            sees("From the tablet")
        }

    @Test
    fun each_filter_has_an_empty_state_of_its_own() =
        onScreen({ Device().signedIn() }) {
            for (filter in listOf("open", "done", "all")) {
                taps(told("filter_$filter"))
                sees(told("tasks_empty_${filter}_text"))
            }
            assertTrue(device.navigator.current == dev.holm.demo.screen.Screen.Tasks)
        }
}

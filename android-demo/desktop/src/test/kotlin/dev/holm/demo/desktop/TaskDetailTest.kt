package dev.holm.demo.desktop

import dev.holm.Network
import dev.holm.demo.model.*
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals

class TaskDetailTest {
    private suspend fun withTask(): Device =
        Device().signedIn().apply {
            holm.todos.create(Todo("Pack for Oslo", "Passport", id = "1"))
            holm.sync()
        }

    @Test
    fun a_task_is_edited_and_says_how_it_stands_with_the_server() =
        onScreen(::withTask) {
            taps("Pack for Oslo")
            sees(told("sync_synced"))
            sees(told("explain_synced"))
            device.holm.setNetwork(Network.Offline)
            types(told("task_field_title"), "Pack for Bergen")
            types(told("task_field_notes"), "Passport, rain coat")
            taps(told("action_save"))
            sees(told("sync_pending_update"))
            sees(told("explain_pending"))
            device.holm.setNetwork(Network.Unmetered)
            sees(told("sync_synced"))
            sees(told("task_version", 2))
            device.elsewhere { assertEquals("Pack for Bergen" to "Passport, rain coat", todos.get("1")?.let { it.title to it.notes }) }
            taps(told("action_back"))
            sees(told("tasks_title"))
        }

    @Test
    fun news_reach_the_screen_but_not_what_is_being_edited() =
        onScreen(::withTask) {
            taps("Pack for Oslo")
            sees("Passport")
            device.elsewhere { todos.update("1") { "notes" set "Passport and ticket" } }
            device.holm.sync()
            sees("Passport and ticket")
            types(told("task_field_notes"), "My own words")
            device.elsewhere { todos.update("1") { "isCompleted" set true } }
            device.holm.sync()
            sees(told("task_mark_open", "Pack for Oslo"))
            sees("My own words")
        }

    @Test
    fun a_task_is_deleted_after_a_question() =
        onScreen(::withTask) {
            taps("Pack for Oslo")
            sees(told("explain_synced"))
            taps(told("action_delete"))
            sees(told("task_delete_explain"))
            confirms(told("action_delete"))
            sees(told("tasks_empty_all_title"))
            assertEquals(0, device.holm.todos.count())
        }

    @Test
    fun a_task_that_another_device_deleted_is_gone() =
        onScreen(::withTask) {
            taps("Pack for Oslo")
            taps(told("task_mark_done", "Pack for Oslo"))
            sees(told("task_mark_open", "Pack for Oslo"))
            device.holm.awaitIdle()
            device.elsewhere { todos.delete("1") }
            device.holm.sync()
            sees(told("task_gone"))
        }
}

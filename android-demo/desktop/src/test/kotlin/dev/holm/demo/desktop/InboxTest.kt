package dev.holm.demo.desktop

import dev.holm.demo.model.*
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals

/** The server refuses titles of more than 80 characters. */
class InboxTest {
    private val long = "Write down everything ".repeat(4).trim()

    private fun Stage.opensTheInbox() {
        taps(told("status_failed", 1))
        sees(told("inbox_explain"))
        sees("title")
    }

    private fun Stage.addsTooMuch() {
        types(told("tasks_new"), long)
        taps(told("action_add"))
        sees(told("sync_failed"))
    }

    @Test
    fun a_refused_task_is_repaired_and_sent() =
        onScreen({ Device().signedIn() }) {
            addsTooMuch()
            opensTheInbox()
            sees(told("inbox_kind_create"))
            taps(told("inbox_edit"))
            types(told("task_field_title"), "Write it down")
            taps(told("inbox_retry"))
            sees(told("inbox_empty_title"))
            device.holm.awaitIdle()
            device.elsewhere { assertEquals(listOf("Write it down"), todos.query().map { it.title }) }
        }

    @Test
    fun sending_it_again_unchanged_is_refused_again() =
        onScreen({ Device().signedIn() }) {
            addsTooMuch()
            opensTheInbox()
            val before = device.holm.parked().single()
            taps(told("inbox_retry"))
            device.holm.sync()
            sees(told("inbox_edit"))
            assertEquals(before.id, device.holm.parked().single().id)
        }

    @Test
    fun a_refused_change_is_given_up_after_a_question() =
        onScreen({
            Device().signedIn().apply {
                holm.todos.create(Todo("Short", id = "1"))
                holm.sync()
                holm.todos.update("1") { "title" set long }
                holm.sync()
            }
        }) {
            taps(long)
            sees(told("explain_failed"))
            taps(told("task_open_inbox"))
            sees(told("inbox_kind_update"))
            taps(told("inbox_discard"))
            sees(told("inbox_discard_explain"))
            confirms(told("inbox_discard"))
            sees(told("inbox_empty_title"))
            assertEquals("Short", device.holm.todos.get("1")?.title)
        }

    @Test
    fun an_empty_inbox_says_so() =
        onScreen({ Device().signedIn() }) {
            taps(told("inbox_title"))
            sees(told("inbox_empty_text"))
        }
}

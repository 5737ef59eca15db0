package dev.holm.demo.desktop

import dev.holm.Network
import dev.holm.demo.model.*
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals

/** Two devices of one account change the same task; the one with the screen was offline. */
class ConflictsTest {
    private suspend fun disagreement(): Device =
        Device().signedIn().apply {
            holm.todos.create(Todo("Summer party", "Invite Ida", id = "1"))
            holm.sync()
            holm.setNetwork(Network.Offline)
            holm.todos.update("1") {
                "title" set "Summer party at the lake"
                "notes" set "Invite Ida and Jon"
            }
            elsewhere {
                todos.update("1") {
                    "title" set "Summer party in the garden"
                    "notes" set "Invite Ida, buy ice"
                }
            }
            holm.setNetwork(Network.Unmetered)
            holm.sync()
        }

    private fun Stage.opensTheConflict() {
        taps(told("status_conflicts", 1))
        sees(told("conflict_explain", "Summer party at the lake"))
        sees("${told("task_field_title")}, ${told("conflict_mine")}: Summer party at the lake")
        sees("${told("task_field_title")}, ${told("conflict_server")}: Summer party in the garden")
    }

    private suspend fun Stage.endsWith(title: String, notes: String) {
        sees(told("conflicts_empty_title"))
        device.holm.sync()
        assertEquals(title to notes, device.holm.todos.get("1")?.let { it.title to it.notes })
        device.elsewhere { assertEquals(title to notes, todos.get("1")?.let { it.title to it.notes }) }
    }

    @Test
    fun keep_mine() =
        onScreen(::disagreement) {
            opensTheConflict()
            taps(told("conflict_keep_mine"))
            endsWith("Summer party at the lake", "Invite Ida and Jon")
        }

    @Test
    fun use_server() =
        onScreen(::disagreement) {
            opensTheConflict()
            taps(told("conflict_use_server"))
            endsWith("Summer party in the garden", "Invite Ida, buy ice")
        }

    @Test
    fun merge_by_field_takes_what_is_chosen_for_each() =
        onScreen(::disagreement) {
            opensTheConflict()
            taps(told("conflict_merge"))
            sees(told("conflict_merge_hint"))
            taps("${told("task_field_notes")}, ${told("conflict_server")}")
            taps(told("conflict_merge_apply"))
            endsWith("Summer party at the lake", "Invite Ida, buy ice")
        }

    @Test
    fun the_task_itself_leads_to_its_conflict() =
        onScreen(::disagreement) {
            taps("Summer party at the lake")
            sees(told("explain_conflict"))
            taps(told("task_resolve"))
            sees(told("conflicts_title"))
        }

    @Test
    fun a_task_that_was_deleted_elsewhere_can_be_kept_but_not_merged() =
        onScreen({
            Device().signedIn().apply {
                holm.todos.create(Todo("Old plan", id = "1"))
                holm.sync()
                holm.setNetwork(Network.Offline)
                holm.todos.update("1") { "title" set "Old plan, still good" }
                elsewhere { todos.delete("1") }
                holm.setNetwork(Network.Unmetered)
                holm.sync()
            }
        }) {
            taps(told("status_conflicts", 1))
            sees(told("conflict_deleted_server"))
            seesNoMore(told("conflict_merge"))
            taps(told("conflict_keep_mine"))
            endsWith("Old plan, still good", "")
        }
}

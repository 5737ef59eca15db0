package dev.holm.demo.desktop

import androidx.compose.ui.geometry.Rect
import androidx.compose.ui.semantics.*
import androidx.compose.ui.test.*
import dev.holm.demo.screen.Screen
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** What a screen reader finds on every screen, and a finger. */
@OptIn(ExperimentalTestApi::class)
class AccessibilityTest {
    private val ways =
        mapOf(
            Screen.Tasks to "tasks_title",
            Screen.Task("party") to "explain_conflict",
            Screen.Conflicts to "conflict_merge",
            Screen.Inbox to "inbox_edit",
            Screen.Settings to "settings_account",
            Screen.Debug to "debug_clear_hint",
        )

    private fun onEveryScreen(look: Look = Look(), check: Stage.(Screen) -> Unit) =
        onScreen({ lived(Variant.Light, "${java.util.UUID.randomUUID()}@example.com") }, look) {
            sees(told("status_conflicts", 1))
            for ((screen, words) in ways) {
                opens(screen, words)
                check(screen)
            }
        }

    private fun Stage.controls(): List<SemanticsNode> = ui.onAllNodes(hasClickAction()).fetchSemanticsNodes()

    private fun SemanticsNode.name(): String =
        with(config) {
            val texts = getOrNull(SemanticsProperties.Text).orEmpty().map { it.text }
            (
                texts + getOrNull(SemanticsProperties.ContentDescription).orEmpty() +
                    getOrNull(SemanticsProperties.EditableText)?.text.orEmpty()
            )
                .joinToString(" ")
        }

    @Test
    fun every_control_has_a_name() =
        onEveryScreen { screen ->
            assertTrue(controls().isNotEmpty())
            assertEquals(emptyList(), controls().filter { it.name().isBlank() }.map { it.config.toString() }, "$screen")
        }

    @Test
    fun every_control_is_large_enough_for_a_finger() =
        onEveryScreen { screen ->
            val least = 48 * Look.DENSITY - 1
            val small = controls().filter { it.touchBoundsInRoot.width < least || it.touchBoundsInRoot.height < least }
            assertEquals(emptyList(), small.map { it.name() to it.touchBoundsInRoot }, "$screen")
        }

    @Test
    fun every_screen_begins_with_a_heading() =
        onEveryScreen { screen ->
            val headings = ui.onAllNodes(isHeading()).fetchSemanticsNodes()
            assertTrue(headings.isNotEmpty(), "$screen")
            assertTrue(headings.first().boundsInRoot.top <= controls().minOf { it.boundsInRoot.bottom }, "$screen")
        }

    @Test
    fun the_status_is_read_aloud_when_it_changes() =
        onEveryScreen { screen ->
            if (screen != Screen.Tasks) return@onEveryScreen
            val live = ui.onAllNodes(SemanticsMatcher.keyIsDefined(SemanticsProperties.LiveRegion)).fetchSemanticsNodes().single()
            assertTrue(live.name().startsWith("${told("status_label")}: ${told("status_offline")}"), live.name())
        }

    @Test
    fun nothing_leaves_the_screen_sideways_with_letters_of_twice_the_size() =
        onEveryScreen(Look(fontScale = 2f)) { screen ->
            val width = 411 * Look.DENSITY
            val out = ui.onAllNodes(SemanticsMatcher("anything") { true }).fetchSemanticsNodes().filter { it.isOutOf(width) }
            assertEquals(emptyList(), out.map { it.name() to it.boundsInRoot }, "$screen")
        }

    private fun SemanticsNode.isOutOf(width: Float): Boolean {
        val place: Rect = Rect(positionInRoot, androidx.compose.ui.geometry.Size(size.width.toFloat(), size.height.toFloat()))
        return place.left < 0 || place.right > width + 1
    }

    @Test
    fun a_screen_reader_can_refresh_without_pulling() =
        onEveryScreen { screen ->
            if (screen != Screen.Tasks) return@onEveryScreen
            val actions = ui.onNode(hasScrollAction()).fetchSemanticsNode().config[SemanticsActions.CustomActions]
            assertEquals(listOf(told("action_refresh")), actions.map { it.label })
        }
}

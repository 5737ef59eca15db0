@file:OptIn(ExperimentalTestApi::class)

package dev.holm.demo.desktop

import androidx.compose.ui.geometry.Size
import androidx.compose.ui.test.*
import androidx.compose.ui.test.v2.runSkikoComposeUiTest
import androidx.compose.ui.unit.Density
import dev.holm.demo.screen.DemoApp
import dev.holm.demo.theme.*

/** What a person sees and does. Waits for what must come; everything is found by the words on it. */
class Stage(val ui: SkikoComposeUiTest, val device: Device) {
    private val texts: Texts = resourceTexts(device.session.language)

    fun told(key: String, vararg arguments: Any): String = texts.get(key, *arguments)

    /** Waits until this can be seen, or is read aloud. */
    fun sees(words: String) = appears(hasText(words, substring = true).or(hasContentDescription(words, substring = true)))

    fun seesNoMore(words: String) =
        ui.waitUntil("\"$words\" is gone", LIMIT) {
            ui.onAllNodes(
                hasText(words, substring = true).or(hasContentDescription(words, substring = true)),
            ).fetchSemanticsNodes().isEmpty()
        }

    /** Touches what has these words, when it can be touched. */
    fun taps(words: String) {
        val matcher = (hasText(words).or(hasContentDescription(words, substring = true))).and(hasClickAction()).and(isEnabled())
        appears(matcher)
        ui.onAllNodes(matcher).apply { fetchSemanticsNodes() }[0].scrolledTo().performClick()
    }

    /** Says yes in the dialog that is open. */
    fun confirms(words: String) {
        val matcher = hasText(words).and(hasClickAction()).and(hasAnyAncestor(isDialog()))
        appears(matcher)
        ui.onNode(matcher).performClick()
    }

    /** Writes into the field with this label. */
    fun types(label: String, words: String) {
        val matcher = hasText(label).and(hasSetTextAction())
        appears(matcher)
        ui.onNode(matcher).scrolledTo().performTextReplacement(words)
    }

    fun until(what: String, holds: () -> Boolean) = ui.waitUntil(what, LIMIT, holds)

    private fun appears(matcher: SemanticsMatcher) =
        ui.waitUntil(matcher.description, LIMIT) { ui.onAllNodes(matcher).fetchSemanticsNodes().isNotEmpty() }

    private fun SemanticsNodeInteraction.scrolledTo(): SemanticsNodeInteraction = apply { runCatching { performScrollTo() } }

    private companion object {
        const val LIMIT = 20_000L
    }
}

/** How a screen is looked at. */
data class Look(val isDark: Boolean = false, val fontScale: Float = 1f, val height: Int = 860) {
    /** Small phones are 411 wide. */
    val size: Size get() = Size(411 * DENSITY, height * DENSITY)

    companion object {
        const val DENSITY = 1.5f
    }
}

/** Shows the app on [device] and tells a story with it. */
fun onScreen(device: suspend () -> Device, look: Look = Look(), story: suspend Stage.() -> Unit) =
    runSkikoComposeUiTest(look.size, Density(Look.DENSITY, look.fontScale)) {
        device().use { made ->
            setContent { DemoApp(made.session, made.around, made.navigator, look.isDark) }
            Stage(this, made).story()
        }
    }

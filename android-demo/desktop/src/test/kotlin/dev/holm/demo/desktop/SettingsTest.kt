package dev.holm.demo.desktop

import androidx.compose.ui.test.*
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

@OptIn(ExperimentalTestApi::class)
class SettingsTest {
    @Test
    fun another_language_is_shown_at_once_and_arabic_from_the_right() =
        onScreen({ Device().signedIn() }) {
            taps("Settings")
            sees(device.session.email)
            taps("Deutsch")
            sees("Einstellungen")
            taps("العربية")
            sees("الإعدادات")
            val heading = ui.onNodeWithText("الإعدادات").fetchSemanticsNode().boundsInRoot
            val back = ui.onNodeWithContentDescription("رجوع").fetchSemanticsNode().boundsInRoot
            assertTrue(heading.right <= back.left, "the way back is on the right: $heading, $back")
            assertEquals("ar", device.session.language)
        }
}

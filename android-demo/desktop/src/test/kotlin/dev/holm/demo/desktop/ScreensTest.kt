@file:OptIn(ExperimentalTestApi::class)

package dev.holm.demo.desktop

import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.graphics.toAwtImage
import androidx.compose.ui.test.*
import androidx.compose.ui.test.v2.runSkikoComposeUiTest
import androidx.compose.ui.unit.Density
import dev.holm.Network
import dev.holm.demo.model.*
import dev.holm.demo.screen.*
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.TestFactory
import java.io.File
import javax.imageio.ImageIO

/**
 * Pictures of every screen in every variant, taken of the real app: a real core, a real server, a real second device. What they show does
 * not depend on when or where they are taken.
 */
class ScreensTest {
    private val folder = File(System.getProperty("demo.screens"))

    private val screens: Map<String, Stage.() -> Unit> =
        mapOf(
            "tasks" to { sees(told("status_conflicts", 1)) },
            "task" to { opens(Screen.Task("party"), "explain_conflict") },
            "conflicts" to { opens(Screen.Conflicts, "conflict_keep_mine") },
            "merge" to {
                opens(Screen.Conflicts, "conflict_keep_mine")
                taps(told("conflict_merge"))
                taps("${told("task_field_notes")}, ${told("conflict_server")}")
            },
            "inbox" to { opens(Screen.Inbox, "inbox_edit") },
            "settings" to { opens(Screen.Settings, "settings_account") },
            "debug" to { opens(Screen.Debug, "debug_clear_hint") },
            "clear-queue" to {
                opens(Screen.Debug, "debug_clear_hint")
                taps(told("debug_clear"))
                sees(told("debug_clear_question"))
            },
        )

    private fun SkikoComposeUiTest.picture(name: String) {
        // A pointer that rests on something would show.
        onAllNodes(isRoot())[0].performMouseInput { moveTo(Offset.Zero) }
        waitForIdle()
        folder.mkdirs()
        ImageIO.write(captureToImage().toAwtImage().withFewColors(), "png", folder.resolve("$name.png"))
    }

    @TestFactory
    fun every_screen_in_every_variant(): List<DynamicTest> =
        Variant.entries.map { variant ->
            DynamicTest.dynamicTest(variant.name) {
                val suffix = variant.name.lowercase()
                onScreen({ Device(variant.language) }, variant.look) {
                    device.session.apply {
                        server = "https://tasks.example.com"
                        email = "ada@example.com"
                        password = PASSWORD
                    }
                    sees(told("sign_in_headline"))
                    ui.picture("sign-in-$suffix")
                }
                onScreen({ Device(variant.language).signedIn() }, variant.look) {
                    sees(told("tasks_empty_all_title"))
                    sees(told("status_last_sync", told("time_now")))
                    ui.picture("empty-$suffix")
                }
                runSkikoComposeUiTest(variant.look.size, Density(Look.DENSITY, variant.look.fontScale)) {
                    setContent { Frame(resourceTexts(variant.language), variant.look.isDark) { StatusBars() } }
                    picture("status-$suffix")
                }
                onScreen({ lived(variant, "ada@$suffix.example") }, variant.look) {
                    for ((name, play) in screens) {
                        play()
                        ui.picture("$name-$suffix")
                    }
                }
            }
        }
}

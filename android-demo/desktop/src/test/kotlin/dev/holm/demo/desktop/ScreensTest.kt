@file:OptIn(ExperimentalTestApi::class)

package dev.holm.demo.desktop

import androidx.compose.ui.graphics.asSkiaBitmap
import androidx.compose.ui.test.ExperimentalTestApi
import dev.holm.Network
import dev.holm.demo.model.*
import dev.holm.demo.screen.Screen
import org.jetbrains.skia.EncodedImageFormat
import org.jetbrains.skia.Image
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import java.io.File
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** How every screen is shown. */
private enum class Variant(val language: String = "en", val look: Look = Look(), val isWordy: Boolean = false) {
    Light,
    Dark(look = Look(isDark = true)),
    Long(language = "de", isWordy = true),
    Large(look = Look(fontScale = 2f, height = 1180)),
    Arabic(language = "ar"),
}

/** What is on the tasks: short words, or such as nobody had in mind. */
private class Words(val plants: String, val party: String, val mine: String, val theirs: String, val notes: String, val refused: String)

private val plain =
    Words(
        plants = "Water the plants",
        party = "Summer party",
        mine = "Summer party at the lake",
        theirs = "Summer party in the garden",
        notes = "Invite Ida and Jon",
        refused = "Write down everything that we said about the cabin, the boat and the long way there",
    )

private val wordy =
    Words(
        plants = "Zimmerpflanzen, Balkonblumen und die große Monstera im Treppenhaus gießen",
        party = "Sommerfest",
        mine = "Sommerfest am Rhein-Main-Donau-Schifffahrtskanal mit allen Nachbarinnen",
        theirs = "Sommerfest im Kleingartenverein Donaudampfschifffahrt mit Kuchenbuffet",
        notes = "Einladungen an die Hausgemeinschaft, an alle Kolleginnen und Kollegen aus der Buchhaltung und an Idas Schwester schicken",
        refused = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz lesen und der Verwaltung zusammenfassen",
    )

private val arabic =
    Words(
        plants = "سقاية النباتات",
        party = "حفلة الصيف",
        mine = "حفلة الصيف عند البحيرة",
        theirs = "حفلة الصيف في الحديقة",
        notes = "دعوة ليلى ويوسف",
        refused = "كتابة كل ما قلناه عن الكوخ والقارب والطريق الطويل إلى هناك حتى لا ننسى شيئاً مهماً أبداً",
    )

/**
 * Pictures of every screen in every variant, taken of the real app: a real core, a real server, a real second device. What they show does
 * not depend on when or where they are taken.
 */
class ScreensTest {
    private val folder = File(System.getProperty("demo.screens"))

    /** Noon, some day: dates do not change with the zone. */
    private val created = 1_780_315_200_000

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

    private fun Stage.opens(screen: Screen, key: String) {
        device.navigator.home()
        device.navigator.go(screen)
        sees(told(key))
    }

    private fun words(variant: Variant) = if (variant.isWordy) wordy else if (variant == Variant.Arabic) arabic else plain

    /** A device with a bit of everything: synced, waiting, refused, in conflict. */
    private suspend fun lived(variant: Variant): Device =
        Device(variant.language).signedIn("ada-${variant.name.lowercase()}@example.com", ServerProcess.shared).apply {
            val words = words(variant)
            holm.todos.create(Todo(words.plants, createdAt = created, id = "plants", isCompleted = true))
            holm.todos.create(Todo(words.party, createdAt = created + 1, id = "party"))
            holm.sync()
            holm.setNetwork(Network.Offline)
            holm.todos.update("party") { "title" set words.mine }
            elsewhere {
                todos.update("party") {
                    "title" set words.theirs
                    "notes" set words.notes
                }
            }
            holm.todos.create(Todo(words.refused, createdAt = created + 2, id = "refused"))
            holm.setNetwork(Network.Unmetered)
            holm.sync()
            holm.setNetwork(Network.Offline)
            holm.todos.create(Todo(words.notes, createdAt = created + 3, id = "waiting"))
            session.server = "https://tasks.example.com"
        }

    private fun Stage.picture(name: String) {
        ui.waitForIdle()
        folder.mkdirs()
        val image = Image.makeFromBitmap(ui.captureToImage().asSkiaBitmap())
        folder.resolve("$name.png").writeBytes(checkNotNull(image.encodeToData(EncodedImageFormat.PNG)).bytes)
    }

    @TestFactory
    fun every_screen_in_every_variant(): List<DynamicTest> =
        Variant.entries.map { variant ->
            DynamicTest.dynamicTest(variant.name) {
                val suffix = variant.name.lowercase()
                onScreen({ Device(variant.language) }, variant.look) {
                    device.session.server = "https://tasks.example.com"
                    sees(told("sign_in_headline"))
                    picture("sign-in-$suffix")
                }
                onScreen({ Device(variant.language).signedIn() }, variant.look) {
                    sees(told("tasks_empty_all_title"))
                    sees(told("status_last_sync", told("time_now")))
                    picture("empty-$suffix")
                }
                onScreen({ lived(variant) }, variant.look) {
                    for ((name, play) in screens) {
                        play()
                        picture("$name-$suffix")
                    }
                }
            }
        }

    @Test
    fun docs_have_a_picture_of_every_screen_in_every_variant() {
        val names = screens.keys + setOf("sign-in", "empty")
        val wanted = names.flatMap { name -> Variant.entries.map { "$name-${it.name.lowercase()}.png" } }.toSet()
        val files = File(System.getProperty("holm.root"), "docs/screens").listFiles().orEmpty().filter { it.extension == "png" }
        assertEquals(emptySet(), wanted - files.map { it.name }.toSet(), "scripts/demo --screenshots --update takes them")
        assertTrue(files.sumOf { it.length() } < 3_000_000, "small enough for a repository")
    }
}

package dev.holm.demo.desktop

import org.junit.jupiter.api.Test
import java.io.File
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** The documentation's pictures. `scripts/demo --screenshots --update` takes them. */
class PicturesTest {
    private val pictures = File(System.getProperty("holm.root"), "docs/screens").listFiles().orEmpty().filter { it.extension == "png" }

    @Test
    fun there_is_one_of_every_screen_in_every_variant() {
        val screens =
            listOf("sign-in", "empty", "tasks", "task", "conflicts", "merge", "inbox", "settings", "debug", "clear-queue", "status")
        val wanted = screens.flatMap { screen -> Variant.entries.map { "$screen-${it.name.lowercase()}.png" } }
        assertEquals(wanted.sorted(), pictures.map { it.name }.sorted())
    }

    @Test
    fun they_are_small_enough_for_a_repository() = assertTrue(pictures.sumOf { it.length() } < 3_000_000)
}

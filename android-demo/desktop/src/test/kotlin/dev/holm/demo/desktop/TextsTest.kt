package dev.holm.demo.desktop

import org.junit.jupiter.api.Test
import java.io.File
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** The table of texts: whole in each language, and used. */
class TextsTest {
    private val demo = File(System.getProperty("holm.root"), "android-demo")
    private val tables = listOf("values", "values-de", "values-ar").associateWith { table(it) }
    private val sources = demo.resolve("common/src/main").walk().filter { it.extension == "kt" }.joinToString("\n") { it.readText() }

    private fun table(folder: String): Map<String, String> =
        Regex("""<string name="(\w+)">(.*?)</string>""")
            .findAll(demo.resolve("app/src/main/res/$folder/strings.xml").readText())
            .associate { it.groupValues[1] to it.groupValues[2] }

    @Test
    fun each_language_has_the_same_keys_and_gaps() {
        val english = tables.getValue("values")
        assertTrue(english.size > 100)
        val gaps = { text: String -> Regex("""\{\d}""").findAll(text).map { it.value }.sorted().toList() }
        for ((folder, texts) in tables) {
            assertEquals(english.keys, texts.keys, folder)
            for ((key, text) in texts) {
                assertEquals(gaps(english.getValue(key)), gaps(text), "$folder: $key")
                assertTrue(text.isNotBlank(), "$folder: $key")
            }
        }
    }

    @Test
    fun each_text_is_used_by_a_screen_or_a_model() {
        // Keys that are put together: text("filter_${…}"), text("${key}_hint").
        val made = Regex("^(filter_|tasks_empty_)|_hint$|^app_name$")
        val unused = tables.getValue("values").keys.filterNot { "\"$it\"" in sources || made.containsMatchIn(it) }
        assertEquals(emptyList(), unused)
    }

    @Test
    fun no_screen_asks_for_a_text_that_is_not_there() {
        val asked = Regex("""(?:text|Message|Field|Action|Words|Fact)\("(\w+)"""").findAll(sources).map { it.groupValues[1] }.toSet()
        assertTrue(asked.size > 50)
        assertEquals(emptySet(), asked - tables.getValue("values").keys)
    }
}

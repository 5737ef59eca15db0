package dev.holm.testing.docs

import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlin.test.fail

/** What the documentation shows is what the tests compile and run, letter for letter. */
class SnippetTest {
    @TestFactory
    fun a_block_of_code_in_the_documentation_is_compiled_and_run(): List<DynamicTest> {
        val compiled = Snippets.compiled()
        return Snippets.documented().map { block ->
            DynamicTest.dynamicTest(block.place) {
                if (compiled.none { it.text == block.text }) {
                    // The nearest one shows what is different.
                    val first = block.text.lines().first()
                    val near = compiled.find { first in it.text.lines() } ?: fail("no test has this between its marks:\n${block.text}")
                    assertEquals(near.text, block.text, "\"${near.place}\" says otherwise")
                }
            }
        }
    }

    @Test
    fun a_conflict_of_two_devices_takes_a_test_of_less_than_twenty_lines() = isShown("two devices in conflict", below = 20)

    @Test
    fun a_synced_and_live_list_takes_an_app_less_than_twenty_five_lines() = isShown("a synced list", below = 25)

    private fun isShown(name: String, below: Int) {
        val snippet = Snippets.compiled(name)
        assertTrue(snippet.lineCount < below, "\"$name\" has ${snippet.lineCount} lines")
        assertTrue(Snippets.documented().any { it.text == snippet.text }, "\"$name\" is not in the documentation")
    }
}

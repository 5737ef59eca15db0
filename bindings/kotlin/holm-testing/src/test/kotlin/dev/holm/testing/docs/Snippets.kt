package dev.holm.testing.docs

import java.io.File

/** A piece of code, as it stands in the documentation or in the tests, without the indentation around it. */
data class Snippet(val place: String, val text: String) {
    /** Lines with code. */
    val lineCount: Int get() = text.lines().count { it.isNotBlank() }
}

/** The code of the documentation, and that of the tests which stands between `// snippet: NAME` and `// end`. */
internal object Snippets {
    private val root = File(System.getProperty("holm.root"))
    private val begin = Regex("""^\s*// snippet: (.+)$""")
    private val end = Regex("""^\s*// end$""")

    /** The Kotlin blocks of the pages for Android, in order. */
    fun documented(): List<Snippet> {
        val pages =
            listOf(root.resolve("docs/getting-started-android.md")) +
                root.resolve("docs/guides").listFiles { it.extension == "md" }.orEmpty()
        return pages.sorted().flatMap { page -> blocks(page) }
    }

    /** What is compiled and run. Parts of one name are one snippet, with an empty line between them. */
    fun compiled(): List<Snippet> {
        val modules = root.resolve("bindings/kotlin").listFiles { it.resolve("src/test/kotlin").isDirectory }.orEmpty()
        val parts = modules.flatMap { it.resolve("src/test/kotlin").walk() }.filter { it.extension == "kt" }.sorted().flatMap(::marked)
        return parts.groupBy { it.place }.map { (name, texts) -> Snippet(name, texts.joinToString("\n\n") { it.text }) }
    }

    fun compiled(name: String): Snippet = compiled().single { it.place == name }

    private fun blocks(page: File): List<Snippet> =
        page.readText().split("```kotlin\n").drop(1).mapIndexed { index, rest ->
            Snippet("${page.name}, Kotlin block ${index + 1}", rest.substringBefore("\n```").trimIndent())
        }

    private fun marked(file: File): List<Snippet> {
        val found = mutableListOf<Snippet>()
        var name: String? = null
        val lines = mutableListOf<String>()
        for (line in file.readLines()) {
            val opens = begin.find(line)
            when {
                opens != null -> {
                    check(name == null) { "$file: \"$name\" has no end" }
                    name = opens.groupValues[1]
                    lines.clear()
                }

                end.matches(line) && name != null -> {
                    found += Snippet(name, lines.joinToString("\n").trimIndent())
                    name = null
                }

                else -> {
                    lines += line
                }
            }
        }
        check(name == null) { "$file: \"$name\" has no end" }
        return found
    }
}

package dev.holm

import dev.holm.support.ServerProcess
import dev.holm.support.story
import kotlinx.coroutines.flow.first
import kotlinx.serialization.Serializable
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals

// The taste that the front page gives: what stands between the marks must compile as it is.

// taste: begin
@Serializable
data class Todo(
    val title: String,
    val isCompleted: Boolean = false,
    val createdAt: Long = 0,
    val id: String = "",
)

val todoCollection = collectionSpec<Todo>("todos", conflict = ConflictStrategy.Prompt, indexes = listOf(listOf("isCompleted", "createdAt")))
// taste: end

/** The first lines that a newcomer reads: they compile, and do what they say. */
class TasteTest {
    private fun show(titles: List<String>) = shown.add(titles)

    private val shown = mutableListOf<List<String>>()

    @Test
    fun the_first_lines_that_a_newcomer_reads_work() =
        story {
            val directory = directory().toFile()
            val baseUrl = ServerProcess.shared.url
            val (email, password) = "${directory.name.lowercase()}@example.com" to "correct horse"
            // taste: begin
            val holm = Holm.open(HolmConfig(baseUrl, Storage.Directory(directory), listOf(todoCollection)))
            val todos = holm.collection(todoCollection)

            val milk = todos.create(Todo("Buy milk", createdAt = System.currentTimeMillis())) // here at once; on the server once signed in
            todos.update(milk.documentId) { Todo::isCompleted set true }

            val open = todos.live { where(Todo::isCompleted eq false).orderBy(Todo::createdAt, desc).limit(50) }
            show(open.first().values.map { it.title }) // now; collect it, and it comes again whenever it changes

            holm.signUp(email, password)
            holm.confirmed(milk) // how it ended: Accepted, or Parked, Overridden, …
            for (conflict in holm.conflicts()) conflict.resolve(Resolution.KeepLocal)
            // taste: end
            assertEquals(SyncStatus.Synced, todos.getStored(milk.documentId)?.status)
            assertEquals(listOf(emptyList<String>()), shown)
            holm.close()
        }
}

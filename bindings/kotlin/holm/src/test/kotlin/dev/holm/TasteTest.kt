package dev.holm

import dev.holm.support.ServerProcess
import dev.holm.support.story
import kotlinx.coroutines.flow.first
import kotlinx.serialization.Serializable
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals

@Serializable
private data class Todo(
    val title: String,
    val isCompleted: Boolean = false,
    val createdAt: Long = 0,
    val id: String = "",
)

private val todoCollection = collectionSpec<Todo>("tasks", indexes = listOf(listOf("isCompleted", "createdAt")))

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
            val holm = Holm.open(HolmConfig(baseUrl, Storage.Directory(directory), listOf(todoCollection)))
            val todos = holm.collection(todoCollection)

            val milk = todos.create(Todo(title = "Buy milk"))
            todos.update(milk.documentId) { Todo::isCompleted set true }
            val open = todos.live { where(Todo::isCompleted eq false).orderBy(Todo::createdAt, desc).limit(50) }
            show(open.first().values.map { it.title })

            holm.signUp(email, password)
            holm.confirmed(milk)
            assertEquals(SyncStatus.Synced, todos.getStored(milk.documentId)?.status)
            assertEquals(listOf(emptyList<String>()), shown)
            holm.close()
        }
}

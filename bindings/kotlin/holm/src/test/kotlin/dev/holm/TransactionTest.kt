package dev.holm

import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todos
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertNull

/** Writes to several documents and collections at once. */
class TransactionTest {
    @Serializable
    private data class Board(val name: String, val size: Int = 0, val id: String = "")

    @Test
    fun writes_to_two_collections_commit_together() =
        story {
            val holm = offline()
            val (todos, boards) = holm.todos to holm.collection<Board>("boards")
            todos.create(Todo("old", id = "old"))
            todos.create(Todo("older", id = "older"))
            val receipts =
                holm.write {
                    create(todos, Todo("new", id = "new"))
                    create(boards, "home", Board("Home"))
                    update(boards, "home") { Board::size increment 2 }
                    update(todos, "old", buildJsonObject { put("priority", 7) })
                    update(todos, Todo("new", id = "new"), Todo("newer", id = "new"))
                    replace(todos, Todo("replaced", id = "older"))
                    delete(todos, "old")
                }
            assertEquals(listOf("new", "home", "home", "old", "new", "older", "old"), receipts.map { it.documentId })
            assertEquals(listOf("newer", "replaced"), todos.query().map { it.title })
            assertEquals(Board("Home", 2, "home"), boards.get("home"))
        }

    @Test
    fun if_one_write_fails_none_has_happened() =
        story {
            val holm = offline()
            val todos = holm.todos
            failsWith(ErrorCode.NOT_FOUND) {
                holm.write {
                    create(todos, Todo("x", id = "1"))
                    delete(todos, "2")
                }
            }
            assertNull(todos.get("1"))
            assertEquals(0, holm.state().pending)
            assertEquals(emptyList(), holm.write { })
        }

    @Test
    fun a_group_is_taken_whole_by_the_server_or_not_at_all() =
        story {
            val (a, b) = device() to device()
            val todos = a.todos
            a.write(group = true) {
                create(todos, Todo("good", id = "good"))
                create(todos, Todo("t".repeat(300), id = "bad"))
            }
            a.write {
                create(todos, Todo("alone", id = "alone"))
                create(todos, Todo("t".repeat(300), id = "bad alone"))
            }
            val report = a.sync()
            assertEquals(1, report.pushed)
            b.sync()
            assertEquals(listOf("alone"), b.todos.query().map { it.id })
            val parked = a.parked().associate { it.documentId to it.error?.code }
            assertEquals("VALIDATION_ERROR", parked["bad"])
            assertEquals("VALIDATION_ERROR", parked["bad alone"])
        }
}

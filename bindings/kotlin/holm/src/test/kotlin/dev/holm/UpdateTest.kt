package dev.holm

import dev.holm.internal.jsonObject
import dev.holm.support.Place
import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todos
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertNull
import kotlin.test.assertTrue

/** The update language. */
class UpdateTest {
    @Test
    fun every_word_changes_its_field() =
        story {
            val todos = offline().todos
            todos.create(Todo("x", createdAt = 1, tags = listOf("a", "b"), note = "n", place = Place("Berlin", "10115"), id = "1"))
            todos.update("1") {
                "title" set "y"
                Todo::isCompleted set true
                Todo::createdAt increment 41
                Todo::tags addToSet listOf("c", "a")
                Todo::note.remove()
                "place.zip" set "20095"
                "priority" increment 2
            }
            val expected =
                Todo("y", true, 42, priority = 2, tags = listOf("a", "b", "c"), place = Place("Berlin", "20095"), id = "1")
            assertEquals(expected, todos.get("1"))

            todos.update("1") {
                Todo::tags removeFromSet listOf("b", "z")
                "place".remove()
                Todo::priority set null
            }
            assertEquals(expected.copy(tags = listOf("a", "c"), place = null, priority = null), todos.get("1"))

            todos.update("1") {
                "tags" addToSet listOf("new")
                "place" set Place("Hamburg")
            }
            assertEquals(listOf("a", "c", "new"), todos.get("1")?.tags)
            assertEquals(Place("Hamburg"), todos.get("1")?.place)
        }

    @Test
    fun members_of_objects_count_and_edit_sets_at_any_depth() =
        story {
            val a = device()
            val b = device()
            val here = a.collection<JsonObject>("tasks")
            val there = b.collection<JsonObject>("tasks")
            here.create("1", jsonObject("""{"title":"t","stats":{"visits":1,"by":{"tags":["old"]}}}"""))
            a.sync()
            b.sync()
            here.update("1") {
                "stats.visits" increment 1
                "stats.by.tags" addToSet listOf("a")
            }
            there.update("1") {
                "stats.visits" increment 5
                "stats.by.tags" removeFromSet listOf("old")
            }
            listOf(a, b, a).forEach { it.sync() }
            val expected = jsonObject("""{"visits":7,"by":{"tags":["a"]}}""")
            assertEquals(expected, here.get("1")?.get("stats"))
            assertEquals(expected, there.get("1")?.get("stats"))
        }

    @Test
    fun a_merge_patch_does_the_same_by_hand() =
        story {
            val todos = offline().todos
            todos.create(Todo("x", note = "n", id = "1"))
            todos.update(
                "1",
                buildJsonObject {
                    put("title", "y")
                    put("priority", JsonObject(mapOf("\$inc" to kotlinx.serialization.json.JsonPrimitive(2))))
                    put("note", kotlinx.serialization.json.JsonNull)
                },
            )
            assertEquals(Todo("y", priority = 2, id = "1"), todos.get("1"))
        }

    @Test
    fun a_field_is_changed_once_in_a_block() =
        story {
            val todos = offline().todos
            todos.create(Todo("x", id = "1"))
            val error =
                failsWith(ErrorCode.INVALID_DOCUMENT) {
                    todos.update("1") {
                        "priority" increment 1
                        Todo::priority increment 1
                    }
                }
            assertTrue("priority" in error.message && error.recovery.isNotEmpty(), error.message)
            failsWith(ErrorCode.INVALID_DOCUMENT) {
                todos.update("1") {
                    "place.city" set "Berlin"
                    "place" set null
                }
            }
            assertNull(todos.get("1")?.priority)
        }

    @Test
    fun what_does_not_fit_the_present_value_is_refused_and_changes_nothing() =
        story {
            val todos = offline().todos
            todos.create(Todo("x", place = Place("Berlin"), id = "1"))
            failsWith(ErrorCode.INVALID_DOCUMENT) { todos.update("1") { "title" increment 1 } }
            failsWith(ErrorCode.INVALID_DOCUMENT) { todos.update("1") { "title" addToSet listOf("a") } }
            failsWith(ErrorCode.INVALID_DOCUMENT) { todos.update("1") { "priority" increment Double.NaN } }
            failsWith(ErrorCode.INVALID_DOCUMENT) { todos.update("1") { "version" set 1 } }
            failsWith(ErrorCode.INVALID_DOCUMENT) { todos.update("1") { "id" set "2" } }
            failsWith(ErrorCode.INVALID_DOCUMENT) { todos.update("1") { "createdAt" set Double.POSITIVE_INFINITY } }
            failsWith(ErrorCode.INVALID_DOCUMENT) { todos.update("1") { "place.city" increment 1 } }
            failsWith(ErrorCode.NOT_FOUND) { todos.update("2") { "title" set "y" } }
            assertEquals(Todo("x", place = Place("Berlin"), id = "1"), todos.get("1"))
        }
}

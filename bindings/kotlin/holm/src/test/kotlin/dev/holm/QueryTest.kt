package dev.holm

import dev.holm.support.Place
import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todos
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonNamingStrategy
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertNotEquals
import kotlin.test.assertNull
import kotlin.test.assertTrue

/** The query language: the JSON that it makes, and what the core makes of it. */
class QueryTest {
    private fun json(block: QueryScope.() -> Query): String = query(block).toString()

    @Test
    fun every_word_makes_the_json_that_the_core_reads() {
        assertEquals("{}", json { all })
        assertEquals("""{"where":{"eq":["a",1]}}""", json { where("a" eq 1) })
        assertEquals("""{"where":{"eq":["title","x"]}}""", json { where(Todo::title eq "x") })
        assertEquals("""{"where":{"ne":["a",null]}}""", json { where("a" ne null as String?) })
        assertEquals("""{"where":{"eq":["note",null]}}""", json { where(Todo::note eq null) })
        assertEquals("""{"where":{"ne":["title","x"]}}""", json { where(Todo::title ne "x") })
        assertEquals("""{"where":{"lt":["a",1.5]}}""", json { where("a" lt 1.5) })
        assertEquals("""{"where":{"lt":["priority",2]}}""", json { where(Todo::priority lt 2) })
        assertEquals("""{"where":{"lte":["a","x"]}}""", json { where("a" lte "x") })
        assertEquals("""{"where":{"lte":["createdAt",2]}}""", json { where(Todo::createdAt lte 2L) })
        assertEquals("""{"where":{"gt":["a",true]}}""", json { where("a" gt true) })
        assertEquals("""{"where":{"gt":["priority",2]}}""", json { where(Todo::priority gt 2) })
        assertEquals("""{"where":{"gte":["a",1]}}""", json { where("a" gte 1) })
        assertEquals("""{"where":{"gte":["priority",2]}}""", json { where(Todo::priority gte 2) })
        assertEquals("""{"where":{"in":["a",["x",null]]}}""", json { where("a" oneOf listOf("x", null)) })
        assertEquals("""{"where":{"in":["priority",[1,2]]}}""", json { where(Todo::priority oneOf listOf(1, 2)) })
        assertEquals("""{"where":{"contains":["tags","x"]}}""", json { where("tags" contains "x") })
        assertEquals("""{"where":{"contains":["tags","x"]}}""", json { where(Todo::tags contains "x") })
        assertEquals("""{"where":{"contains":["title","x"]}}""", json { where(Todo::title contains "x") })
        assertEquals("""{"where":{"prefix":["a","x"]}}""", json { where("a" prefix "x") })
        assertEquals("""{"where":{"prefix":["note","x"]}}""", json { where(Todo::note prefix "x") })
        assertEquals("""{"where":{"isNull":"a.b"}}""", json { where(isNull("a.b")) })
        assertEquals("""{"where":{"isNull":"note"}}""", json { where(isNull(Todo::note)) })
        assertEquals("""{"where":{"not":{"eq":["a",1]}}}""", json { where(!("a" eq 1)) })
        assertEquals(
            """{"where":{"and":[{"eq":["a",1]},{"eq":["b",2]},{"eq":["c",3]}]}}""",
            json {
                where(("a" eq 1) and ("b" eq 2) and ("c" eq 3))
            },
        )
        assertEquals("""{"where":{"and":[{"eq":["a",1]},{"eq":["b",2]}]}}""", json { where("a" eq 1).where("b" eq 2) })
        assertEquals("""{"where":{"or":[{"eq":["a",1]},{"and":[]}]}}""", json { where(("a" eq 1) or allOf()) })
        assertEquals("""{"where":{"or":[]}}""", json { where(anyOf()) })
        assertEquals("""{"order":[["a","asc"],["createdAt","desc"]]}""", json { orderBy("a").orderBy(Todo::createdAt, desc) })
        assertEquals("""{"order":[["title","asc"]]}""", json { orderBy(Todo::title, asc) })
        assertEquals("""{"limit":5,"offset":10,"includeDeleted":true}""", json { limit(5).offset(10).withDeleted() })
    }

    @Test
    fun queries_and_conditions_are_values() {
        assertEquals(query { where("a" eq 1).limit(5) }, query { limit(5).where("a" eq 1) })
        assertEquals(query { where("a" eq 1) }.hashCode(), query { where("a" eq 1) }.hashCode())
        assertNotEquals(query { where("a" eq 1) }, query { where("a" eq 2) })
        query {
            val (one, other) = ("a" eq 1) to ("a" eq 1)
            assertEquals(one, other)
            assertEquals(one.hashCode(), other.hashCode())
            assertNotEquals(one, !other)
            assertEquals("""{"eq":["a",1]}""", "$one")
            where(one)
        }
    }

    @Test
    fun the_core_understands_every_word() =
        story {
            val todos = offline().todos
            todos.createAll(
                listOf(
                    Todo("Apple pie", createdAt = 3, priority = 1, tags = listOf("sweet"), id = "1"),
                    Todo("Bread", createdAt = 1, priority = 2, tags = listOf("dark", "warm"), note = "n", id = "2"),
                    Todo("Cheese", isCompleted = true, createdAt = 2, place = Place("Berlin"), id = "3"),
                ),
            )

            suspend fun ids(block: QueryScope.() -> Query) = todos.query(block).map { it.id }
            assertEquals(listOf("1", "2"), ids { where(Todo::isCompleted eq false) })
            assertEquals(listOf("2", "3", "1"), ids { orderBy(Todo::createdAt) })
            assertEquals(listOf("1", "3", "2"), ids { orderBy(Todo::createdAt, desc) })
            assertEquals(listOf("3"), ids { orderBy(Todo::createdAt).offset(1).limit(1) })
            assertEquals(listOf("1", "3"), ids { where(isNull(Todo::note)) })
            assertEquals(listOf("2"), ids { where(Todo::note ne null) })
            assertEquals(listOf("2", "3"), ids { where(Todo::priority ne 1) })
            assertEquals(listOf("1"), ids { where((Todo::priority gte 1) and (Todo::priority lt 2)) })
            assertEquals(listOf("1", "2"), ids { where((Todo::priority lte 1) or (Todo::priority gt 1)) })
            assertEquals(listOf("2"), ids { where(Todo::tags contains "warm") })
            assertEquals(listOf("1"), ids { where(Todo::title contains "pie") })
            assertEquals(listOf("3"), ids { where(Todo::title prefix "Ch") })
            assertEquals(listOf("3"), ids { where("place.city" eq "Berlin") })
            assertEquals(listOf("1", "3"), ids { where("id" oneOf listOf("1", "3", "9")) })
            assertEquals(listOf("3"), ids { where(!(Todo::isCompleted eq false)) })
            assertEquals(2, todos.count { where(Todo::isCompleted eq false).limit(1) })
            todos.delete("1")
            assertEquals(listOf("2", "3"), ids { all })
        }

    @Test
    fun documents_deleted_here_but_not_yet_there_can_be_asked_for() =
        story {
            val holm = device()
            holm.todos.create(Todo("x", id = "1"))
            holm.sync()
            holm.todos.delete("1")
            assertEquals(0, holm.todos.count())
            val hidden = holm.todos.queryStored { all.withDeleted() }.single()
            assertEquals(SyncStatus.PendingDelete, hidden.status)
            assertEquals("x", hidden.value.title)
        }

    @Test
    fun pages_go_through_all_and_neither_skip_nor_repeat() =
        story {
            val todos = offline().todos
            todos.createAll(List(25) { Todo("no. $it", createdAt = (it / 3).toLong(), id = "%02d".format(it)) })
            val byDate = query { orderBy("createdAt", desc).limit(10) }
            val seen = mutableListOf<String>()
            var mark: String? = null
            var pages = 0
            do {
                val page = todos.page(byDate, mark)
                seen += page.values.map { it.id }
                assertEquals(page.documents.size, page.values.size)
                mark = page.next
                // What comes in between does not shift the next page.
                todos.create(Todo("newer", createdAt = 100))
                pages++
            } while (mark != null)
            assertEquals(3, pages)
            assertEquals((0 until 25).map { "%02d".format(it) }, seen.sorted())
            val first = todos.page(byDate)
            failsWith(ErrorCode.INVALID_QUERY) { todos.page(query { orderBy("title").orderBy("note") }, first.next) }
            failsWith(ErrorCode.INVALID_QUERY) { todos.page(query { limit(1).offset(1) }) }
            assertNull(todos.page(query { where("title" eq "nothing") }).next)
        }

    @Serializable
    private data class Renamed(
        @SerialName("the_title") val title: String,
        val state: State = State.Open,
        val id: String = "",
    )

    @Serializable
    private enum class State {
        @SerialName("open")
        Open,

        @SerialName("done")
        Done,
    }

    @Test
    fun values_are_written_as_the_class_writes_them() =
        story {
            val things = offline().collection<Renamed>("things")
            things.create(Renamed("x", State.Done, id = "1"))
            things.create(Renamed("y", id = "2"))
            assertEquals(listOf("1"), things.query { where(Renamed::state eq State.Done) }.map { it.id })
            assertEquals(listOf("2"), things.query { where("the_title" eq "y") }.map { it.id })
        }

    @Test
    fun a_property_with_another_name_in_json_is_refused_and_not_taken_for_missing() =
        story {
            val things = offline().collection<Renamed>("things")
            things.create(Renamed("x", id = "1"))
            val error = failsWith(ErrorCode.INVALID_QUERY) { things.query { where(Renamed::title eq "x") } }
            assertTrue("title" in error.message && "Renamed" in error.message, error.message)
            failsWith(ErrorCode.INVALID_QUERY) { things.query { orderBy(Renamed::title) } }
            failsWith(ErrorCode.INVALID_DOCUMENT) { things.update("1") { Renamed::title set "y" } }

            @OptIn(kotlinx.serialization.ExperimentalSerializationApi::class)
            val snake = HolmConfig(null, Storage.InMemory, json = Json { namingStrategy = JsonNamingStrategy.SnakeCase })
            failsWith(ErrorCode.INVALID_QUERY) { opened(snake).todos.query { where(Todo::isCompleted eq true) } }
        }

    @Test
    fun a_value_that_cannot_be_compared_is_refused_by_name() =
        story {
            val todos = offline().todos
            failsWith(ErrorCode.INVALID_QUERY) { todos.query { where("place" eq Place("Berlin")) } }
            failsWith(ErrorCode.INVALID_QUERY) { todos.query { where("createdAt" lt Double.NaN) } }
            failsWith(ErrorCode.INVALID_QUERY) { todos.query { where("title" eq "half \ud800") } }
            failsWith(ErrorCode.INVALID_QUERY) { todos.query { limit(-1) } }
            failsWith(ErrorCode.INVALID_NAME) { todos.query { where("a b'c" eq 1) } }
        }
}

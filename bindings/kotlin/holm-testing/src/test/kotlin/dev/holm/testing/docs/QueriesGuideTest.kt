package dev.holm.testing.docs

import dev.holm.Aggregate
import dev.holm.Holm
import dev.holm.HolmCollection
import dev.holm.HolmConfig
import dev.holm.Storage
import dev.holm.collectionSpec
import dev.holm.query
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonPrimitive
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals

@Serializable
data class Chore(
    val title: String,
    val isCompleted: Boolean = false,
    val priority: Int = 0,
    val project: String = "home",
    val tags: List<String> = emptyList(),
    val id: String = "",
)

/** The code of docs/guides/queries.md: what stands between the marks is shown there. */
class QueriesGuideTest {
    private fun told(story: suspend CoroutineScope.(HolmCollection<Chore>) -> Unit) =
        runBlocking {
            val spec = collectionSpec<Chore>("todos", indexes = listOf(listOf("isCompleted", "priority")))
            Holm.open(HolmConfig(null, Storage.InMemory, listOf(spec))).use { holm ->
                val todos = holm.collection(spec)
                todos.createAll(
                    List(5) {
                        val tags = if (it == 1) listOf("urgent") else emptyList()
                        Chore("t$it", it == 0, it, if (it < 3) "home" else "work", tags, "$it")
                    },
                )
                story(todos)
            }
        }

    @Test
    fun a_filter_an_order_and_a_limit() =
        told { todos ->
            // snippet: a query
            val open =
                query {
                    where("isCompleted" eq false and (("priority" gte 3) or ("tags" contains "urgent")))
                        .orderBy("priority", desc)
                        .orderBy("title")
                        .limit(50)
                }
            val found = todos.query(open)
            val count = todos.count { where("title" prefix "t") }
            // end
            assertEquals(listOf("4", "3", "1"), found.map { it.id })
            assertEquals(5, count)
        }

    @Test
    fun pages_in_order() =
        told { todos ->
            val shown = mutableListOf<String>()
            val show = { chores: List<Chore> -> shown += chores.map { it.id } }
            // snippet: pages
            var mark: String? = null
            do {
                val page = todos.page(query { orderBy("priority", desc).limit(2) }, after = mark)
                show(page.values)
                mark = page.next
            } while (mark != null)
            // end
            assertEquals(listOf("4", "3", "2", "1", "0"), shown)
        }

    @Test
    fun figures_by_group() =
        told { todos ->
            // snippet: figures
            val open = query { where("isCompleted" eq false) }
            val rows = todos.aggregate(Aggregate.Count, Aggregate.sum("priority"), query = open, by = "project")
            val perProject = rows.associate { row -> row.by to row.values.map { it.jsonPrimitive.int } }
            // end
            assertEquals(listOf(listOf(2, 3), listOf(2, 7)), perProject.values.toList())
        }

    @Test
    fun live_figures_documents_and_windows() =
        told { todos ->
            val shown = Channel<Any?>(Channel.UNLIMITED)
            val showBadge = { count: Int -> shown.trySend(count) }
            val show = { chore: Chore? -> shown.trySend(chore?.title) }
            val showRows = { rows: List<Chore>, above: Long, below: Long -> shown.trySend(Triple(above, rows.map { it.id }, below)) }
            val id = "3"
            val badge =
                launch {
                    // snippet: live figures
                    todos.liveAggregate(Aggregate.Count, query = query { where("isCompleted" eq false) }).collect { rows ->
                        showBadge(rows[0].values[0].jsonPrimitive.int)
                    }
                    // end
                }
            assertEquals(4, shown.receive())
            todos.delete("2")
            assertEquals(3, shown.receive())
            badge.cancel()
            val detail =
                launch {
                    // snippet: a live document
                    todos.live(id).collect { todo -> show(todo?.value) } // null: not there
                    // end
                }
            assertEquals("t3", shown.receive())
            detail.cancel()
            // snippet: a live window
            val window = todos.liveWindow(query { orderBy("priority") }, size = 2)
            val scrolling = launch { window.snapshots.collect { showRows(it.snapshot.values, it.before, it.after) } }
            // end
            assertEquals<Any?>(Triple(0L, listOf("0", "1"), 2L), shown.receive())
            // snippet: moving a window
            window.moveTo(1) // one document before it
            window.moveTo(id) // begins with this one, and follows it
            // end
            var last = shown.receive()
            if (last == Triple(1L, listOf("1", "3"), 1L)) last = shown.receive()
            assertEquals<Any?>(Triple(2L, listOf("3", "4"), 0L), last)
            scrolling.cancel()
        }
}

package dev.holm

import dev.holm.support.Place
import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todos
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonObject
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals

/** What is read is what was written. */
class FidelityTest {
    private val texts =
        listOf(
            "",
            "plain",
            "Grüße, Ümläute, ß",
            "你好，世界 — мир — שלום — مرحبا",
            "👩‍👩‍👧‍👦 🏳️‍🌈 𝒳",
            "caf\u00e9 and cafe\u0301",
            "line\nbreak\ttab \"quotes\" \\ back / slash",
            "nul \u0000 bell \u0007 delete \u007f",
            "\u2028\u2029\ufeff\ufffd\uffff",
            "{\"\$inc\": 1}",
        )

    @Serializable
    private data class Numbers(
        val whole: Long,
        val real: Double,
        val small: Float,
        val byte: Byte,
        val id: String = "",
    )

    @Test
    fun f62_texts_come_back_as_they_were() =
        story {
            val (a, b) = device() to device()
            val made = a.todos.createAll(texts.map { Todo(it, note = it, tags = listOf(it, it), place = Place(it)) })
            a.sync()
            b.sync()
            for ((text, receipt) in texts.zip(made)) {
                val expected = Todo(text, note = text, tags = listOf(text, text), place = Place(text), id = receipt.documentId)
                assertEquals(expected, a.todos.get(receipt.documentId))
                assertEquals(expected, b.todos.get(receipt.documentId))
                assertEquals(listOf(expected), b.todos.query { where((Todo::title eq text) and (Todo::note eq text)) })
            }
        }

    @Test
    fun f62_ids_may_be_any_text_without_control_characters() =
        story {
            val todos = offline().todos
            val ids = listOf("a/b?c=d#e", "Ü 👩‍👩‍👧‍👦", "\"quoted\"", "x".repeat(128), "caf\u00e9", "cafe\u0301")
            ids.forEach { todos.create(Todo("x", id = it)) }
            for (id in ids) assertEquals(id, todos.get(id)?.id)
            assertEquals(ids.sorted(), todos.query().map { it.id }.sorted())
            failsWith(ErrorCode.INVALID_NAME) { todos.create(Todo("x", id = "line\nbreak")) }
            failsWith(ErrorCode.INVALID_NAME) { todos.create(Todo("x", id = "x".repeat(129))) }
        }

    @Test
    fun f62_half_a_surrogate_pair_is_refused_wherever_it_is() =
        story {
            val holm = offline()
            val (todos, half) = holm.todos to "half \ud83d"
            todos.create(Todo("x", id = "1"))
            failsWith(ErrorCode.INVALID_DOCUMENT) { todos.create(Todo(half)) }
            failsWith(ErrorCode.INVALID_DOCUMENT) { todos.create(Todo("\udc69\ud83d")) }
            failsWith(ErrorCode.INVALID_DOCUMENT) { todos.createAll(listOf(Todo("x"), Todo(half))) }
            failsWith(ErrorCode.INVALID_DOCUMENT) { todos.update("1") { "title" set half } }
            failsWith(ErrorCode.INVALID_DOCUMENT) { todos.replace(Todo(half, id = "1")) }
            failsWith(ErrorCode.INVALID_DOCUMENT) { holm.write { create(todos, Todo(half)) } }
            failsWith(ErrorCode.INVALID_NAME) { todos.create(half, Todo("x")) }
            failsWith(ErrorCode.INVALID_NAME) { todos.get(half) }
            failsWith(ErrorCode.INVALID_NAME) { todos.delete(half) }
            failsWith(ErrorCode.INVALID_NAME) { holm.confirmed(half) }
            failsWith(ErrorCode.INVALID_NAME) { holm.collection<Todo>(half).count() }
            failsWith(ErrorCode.INVALID_QUERY) { todos.query { where("title" eq half) } }
            assertEquals(1, todos.count())
            // The refused calls hold nothing: closing ends the client.
            holm.shutDown()
        }

    @Test
    fun f62_numbers_come_back_as_they_were() =
        story {
            val (a, b) = device() to device()
            val wholes = listOf(0, 1, -1, 9007199254740993, -9007199254740993, Long.MAX_VALUE, Long.MIN_VALUE)
            val reals = listOf(0.0, -0.0, 1e308, -1e-308, 0.1, Double.MIN_VALUE, Math.PI)
            val numbers =
                wholes.zip(reals).mapIndexed {
                    index,
                    (whole, real),
                    ->
                    Numbers(whole, real, real.toFloat().coerceIn(-1e30f, 1e30f), 7, "$index")
                }
            val things = a.collection<Numbers>("things")
            things.createAll(numbers)
            assertEquals(numbers, things.query())
            a.collection<Todo>("tasks").create(Todo("x", createdAt = Long.MAX_VALUE, id = "max"))
            a.sync()
            b.sync()
            assertEquals(Long.MAX_VALUE, b.todos.get("max")?.createdAt)
            failsWith(ErrorCode.INVALID_DOCUMENT) { things.create(Numbers(1, Double.NaN, 0f, 0)) }
            failsWith(ErrorCode.INVALID_DOCUMENT) { things.create(Numbers(1, Double.NEGATIVE_INFINITY, 0f, 0)) }
        }

    @Test
    fun f62_missing_null_and_empty_are_three_values() =
        story {
            val raw = offline().collection<JsonObject>("things")
            val documents = listOf("""{"a":null}""", """{"a":""}""", """{}""", """{"a":[],"b":{},"c":[null,{"d":null}]}""")
            for ((index, text) in documents.withIndex()) {
                val document = Json.parseToJsonElement(text).jsonObject
                raw.create("$index", document)
                assertEquals(document, JsonObject(raw.get("$index").orEmpty() - "id"))
            }
        }

    @Test
    fun f62_large_documents_come_back_whole() =
        story {
            val todos = offline(Storage.Directory(directory().toFile())).todos
            val note = buildString { while (length < 100_000) append("a hundred thousand characters – äöü 👍 ") }
            todos.create(Todo("large", note = note, id = "large"))
            assertEquals(note, todos.get("large")?.note)
            val many = List(8_000) { "tag $it" }
            todos.update("large") { Todo::tags set many }
            assertEquals(many, todos.query().single().tags)
        }

    @Test
    fun a_large_document_travels() =
        story {
            val (a, b) = device() to device()
            val note = "ä".repeat(100_000)
            a.todos.create(Todo("large", note = note, id = "large"))
            a.sync()
            b.sync()
            assertEquals(note, b.todos.get("large")?.note)
            // More than the server takes: refused where it is written.
            failsWith(ErrorCode.DOCUMENT_TOO_LARGE) { a.todos.create(Todo("too large", note = "x".repeat(1_000_000), id = "too large")) }
            assertEquals(1, a.todos.count())
        }
}

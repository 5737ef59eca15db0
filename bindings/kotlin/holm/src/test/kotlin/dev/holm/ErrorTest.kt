package dev.holm

import dev.holm.ffi.FfiException
import dev.holm.ffi.InternalException
import dev.holm.internal.recoveries
import dev.holm.internal.translate
import dev.holm.internal.translated
import dev.holm.support.SilentServer
import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todoSpec
import dev.holm.support.todos
import kotlinx.coroutines.CancellationException
import kotlinx.serialization.KSerializer
import kotlinx.serialization.Serializable
import kotlinx.serialization.descriptors.PrimitiveKind
import kotlinx.serialization.descriptors.PrimitiveSerialDescriptor
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import org.junit.jupiter.api.Test
import java.io.File
import java.lang.reflect.Modifier
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** What failures look like. */
class ErrorTest {
    /** code, whether it is retryable, meaning, recovery: from the core's source. */
    private val core: Map<String, List<String>> =
        Regex("""^ {4}\w+ = "(\w+)", (true|false), "(.*?)", "(.*?)";$""", RegexOption.MULTILINE)
            .findAll(File(System.getProperty("holm.root"), "core/src/error.rs").readText())
            .associate { it.groupValues[1] to it.groupValues.drop(2) }

    @Test
    fun there_is_a_constant_for_each_code_of_the_core() {
        assertTrue(core.size > 20)
        val constants = ErrorCode::class.java.fields.filter { Modifier.isStatic(it.modifiers) && it.type == String::class.java }
        assertEquals(core.keys, constants.map { it.get(null) }.toSet())
        constants.forEach { assertEquals(it.name, it.get(null)) }
    }

    @Test
    fun failures_of_this_side_say_what_the_core_would_say() {
        for ((code, recovery) in recoveries) {
            assertEquals(core.getValue(code)[2], recovery)
            assertEquals("false", core.getValue(code)[0], code)
        }
    }

    @Test
    fun what_the_core_says_comes_out_field_by_field() {
        val error = FfiException.Failure("NEW_CODE", "the text", "do this", true, "SERVER_CODE", 1500u, "op").translate()
        assertEquals("NEW_CODE", error.code)
        assertEquals("the text", error.message)
        assertEquals("do this", error.recovery)
        assertTrue(error.retryable)
        assertEquals("SERVER_CODE", error.serverCode)
        assertEquals(1500.milliseconds, error.retryAfter)
        assertEquals("HolmException(NEW_CODE): the text", "$error")
        assertEquals("op", error.operationId)
        assertNull(FfiException.Failure("X", "", "", false, null, null, null).translate().retryAfter)
    }

    @Test
    fun f61_a_panic_in_the_core_is_an_error_and_cancellation_is_none() {
        val panic = assertFailsWith<HolmException> { translated { throw InternalException("index out of bounds") } }
        assertEquals(ErrorCode.INTERNAL, panic.code)
        assertEquals("index out of bounds", panic.message)
        // A CancellationException is an IllegalStateException, which a closed client throws too.
        assertFailsWith<CancellationException> { translated { throw CancellationException("cancelled") } }
    }

    @Test
    fun messages_are_for_people_and_name_the_thing_at_fault() =
        story {
            val todos = offline().todos
            val missing = failsWith(ErrorCode.NOT_FOUND) { todos.delete("milk") }
            assertEquals("""document "milk" does not exist""", missing.message)
            assertEquals("Read the list again: it may have been deleted or settled.", missing.recovery)
            todos.create(Todo("x", id = "milk"))
            val there = failsWith(ErrorCode.ALREADY_EXISTS) { todos.create(Todo("x", id = "milk")) }
            assertEquals("""document "milk" already exists in "tasks"""", there.message)
        }

    @Test
    fun a_configuration_that_cannot_be_used_is_refused() =
        story {
            failsWith(ErrorCode.INVALID_CONFIG) { Holm.open(HolmConfig("ftp://example.com", Storage.InMemory)) }
            failsWith(ErrorCode.INVALID_NAME) { offline(Storage.InMemory, collectionSpec<Todo>("not a name")) }
            failsWith(ErrorCode.INVALID_CONFIG) { offline(Storage.InMemory, todoSpec(), todoSpec()) }
            failsWith(ErrorCode.INVALID_NAME) {
                offline(Storage.InMemory, collectionSpec<Todo>("tasks", indexes = listOf(listOf("a'b"))))
            }
            failsWith(ErrorCode.INVALID_CONFIG) { Holm.open(HolmConfig(null, Storage.InMemory, interval = -(1.seconds))) }
            val file = directory().resolve("file").toFile().apply { writeText("not a directory") }
            failsWith(ErrorCode.STORAGE_UNAVAILABLE) { offline(Storage.Directory(file)) }
            failsWith(ErrorCode.INVALID_NAME) { offline().collection<JsonObject>("not a name").count() }
        }

    @Test
    fun a_database_of_something_else_is_left_as_it_was() =
        story {
            val directory = directory().toFile()
            val holm = offline(Storage.Directory(directory))
            holm.todos.create(Todo("x"))
            holm.shutDown()
            val database = directory.walk().first { it.isFile && it.length() > 0 && it.readBytes().decodeToString(0, 6) == "SQLite" }
            database.writeBytes("this is no database, but it is long enough to be looked at".repeat(100).toByteArray())
            val before = database.readBytes().toList()
            val error = runCatching { Holm.open(HolmConfig(null, Storage.Directory(directory))) }.exceptionOrNull()
            assertTrue((error as HolmException).code in setOf(ErrorCode.STORAGE_CORRUPT, ErrorCode.NOT_A_STORE), "$error")
            assertEquals(before, database.readBytes().toList())
        }

    @Serializable
    private data class WithoutId(val title: String)

    @Serializable
    private data class Strict(val title: String, val count: Int, val id: String = "")

    @Test
    fun a_class_without_an_id_is_refused_at_once() =
        story {
            val error = failsWith(ErrorCode.INVALID_CONFIG) { offline().collection<WithoutId>("things") }
            assertTrue("WithoutId" in error.message && "id" in error.message, error.message)
        }

    @Test
    fun a_document_that_does_not_fit_the_class_is_named_without_its_content() =
        story {
            val holm = offline()
            val (strict, raw) = holm.collection<Strict>("things") to holm.collection<JsonObject>("things")
            strict.create(Strict("fine", 1, id = "fine"))
            raw.create("odd", buildJsonObject { put("title", "a secret") })
            raw.create("odder", buildJsonObject { put("title", "a secret").also { put("count", "many secrets") } })
            for (call in listOf<suspend () -> Unit>({ strict.get("odd") }, { strict.query() }, { strict.live().collect { } })) {
                val error = failsWith(ErrorCode.INVALID_DOCUMENT, call)
                assertTrue("Strict" in error.message && "a secret" !in error.message, error.message)
            }
            val error = failsWith(ErrorCode.INVALID_DOCUMENT) { strict.query() }
            assertTrue("odd, odder of 3" in error.message, error.message)
            assertEquals(JsonPrimitive("a secret"), raw.get("odd")?.get("title"))
        }

    private object Fickle : KSerializer<String> {
        override val descriptor = PrimitiveSerialDescriptor("Fickle", PrimitiveKind.STRING)

        override fun serialize(encoder: Encoder, value: String) {
            check(value != "unwritable") { "the app's own" }
            encoder.encodeString(value)
        }

        override fun deserialize(decoder: Decoder): String = decoder.decodeString().also { check(it != "unreadable") { "the app's own" } }
    }

    @Serializable
    private data class Moody(
        @Serializable(Fickle::class) val title: String,
        val id: String = "",
    )

    @Test
    fun what_a_serializer_of_the_app_throws_is_a_document_that_does_not_fit() =
        story {
            val moody = offline().collection<Moody>("things")

            moody.create(Moody("unreadable", id = "1"))
            val calls =
                listOf<suspend () -> Unit>(
                    { moody.create(Moody("unwritable")) },
                    { moody.createAll(listOf(Moody("unwritable"))) },
                    { moody.get("1") },
                    { moody.query() },
                    { moody.page() },
                    { moody.live().collect { } },
                )
            for (call in calls) {
                val error = failsWith(ErrorCode.INVALID_DOCUMENT, call)
                assertTrue("the app's own" in error.message, error.message)
            }
        }

    @Test
    fun a_server_that_is_not_there_is_offline_and_retryable() =
        story {
            val gone = SilentServer().apply { close() }
            val holm = opened(HolmConfig(gone.url, Storage.InMemory, autoSync = false))
            holm.setToken("a token")
            val error = failsWith(ErrorCode.OFFLINE) { holm.sync() }
            assertTrue(error.retryable)
            assertTrue("a token" !in "$error ${error.cause?.message}")
        }
}

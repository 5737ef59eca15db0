package dev.holm

import dev.holm.support.ServerProcess
import dev.holm.support.Story
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todoSpec
import org.junit.jupiter.api.Test
import java.nio.file.Path
import java.util.UUID
import java.util.concurrent.ConcurrentHashMap
import kotlin.io.path.readBytes
import kotlin.io.path.walk
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue

/** The tokens of a session are where the app wants them. */
class SecretStoreTest {
    private class Secrets : SecretStore {
        val kept = ConcurrentHashMap<String, String>()

        @Volatile
        var failure: Exception? = null

        override fun get(name: String): String? = failing { kept[name] }

        override fun set(name: String, value: String): Unit = failing { kept[name] = value }

        override fun remove(name: String): Unit = failing { kept.remove(name) }

        private fun <R> failing(work: () -> R): R = failure?.let { throw it } ?: work()
    }

    private val secrets = Secrets()
    private val email = "${UUID.randomUUID()}@example.com"

    @Test
    fun a_session_lives_in_the_apps_store_and_in_no_file() =
        story {
            val directory = directory()
            val holm = device(directory)
            assertTrue(secrets.kept.isEmpty())
            val user = holm.signUp(email, Story.PASSWORD)
            assertTrue(secrets.kept.isNotEmpty())
            holm.shutDown()
            // The account's id is no secret.
            val texts = directory.walk().map { it.readBytes().toString(Charsets.ISO_8859_1) }.toList()
            val tokens = secrets.kept.values.flatMap { tokens(it) } - user
            assertTrue(tokens.isNotEmpty())
            for (token in tokens) assertFalse(texts.any { token in it }, "a token lies in a file")

            val again = device(directory)
            assertEquals(user, again.userId)
            again.sync()
            again.signOut()
            assertNull(again.userId)
        }

    @Test
    fun secrets_that_are_lost_mean_a_sign_in_and_no_loss() =
        story {
            val directory = directory()
            val holm = device(directory)
            holm.signUp(email, Story.PASSWORD)
            holm.collection(todoSpec()).create(dev.holm.support.Todo("Buy milk", id = "milk"))
            holm.shutDown()
            secrets.kept.clear()

            val restored = device(directory)
            failsWith(ErrorCode.SIGNED_OUT) { restored.sync() }
            assertNotNull(restored.collection(todoSpec()).get("milk"))
            restored.signIn(email, Story.PASSWORD)
            restored.sync()
            assertEquals(0, restored.state().pending)
        }

    @Test
    fun a_store_that_cannot_keep_a_secret_is_told_whatever_it_throws() =
        story {
            val holm = device(directory())
            for (failure in listOf(SecretStoreException("not before the first unlock"), IllegalStateException("a defect"))) {
                secrets.failure = failure
                val told = failsWith(ErrorCode.STORAGE_UNAVAILABLE) { holm.signUp("x$email", Story.PASSWORD) }
                assertTrue(failure.message.orEmpty() in told.message, told.message)
                assertTrue(told.retryable)
            }
        }

    private suspend fun Story.device(directory: Path): Holm =
        opened(
            HolmConfig(
                ServerProcess.shared.url,
                Storage.Directory(directory.toFile()),
                listOf(todoSpec()),
                autoSync = false,
                secrets = secrets,
            ),
        )

    /** Whatever is long enough to be a token. */
    private fun tokens(secret: String) = Regex("\"[A-Za-z]*[tT]oken\":\"([^\"]+)\"").findAll(secret).map { it.groupValues[1] }.toList()
}

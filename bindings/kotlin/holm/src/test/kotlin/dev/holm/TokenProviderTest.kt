package dev.holm

import dev.holm.support.ServerProcess
import dev.holm.support.Story
import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todoSpec
import dev.holm.support.todos
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.junit.jupiter.api.Test
import java.io.IOException
import java.util.UUID
import java.util.concurrent.atomic.AtomicInteger
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** Tokens that the app's own sign-in renews. */
class TokenProviderTest {
    /** What the app's sign-in answers, and how often it was asked. */
    private class Given(private val answer: suspend () -> String?) : TokenProvider {
        val asked = AtomicInteger()

        override suspend fun token(): String? {
            asked.incrementAndGet()
            return answer()
        }
    }

    /** A client with a token that the server does not know any more, and one write that waits. */
    private suspend fun Story.ended(provider: TokenProvider): Holm {
        val config = HolmConfig(ServerProcess.shared.url, Storage.InMemory, listOf(todoSpec()), autoSync = false, tokenProvider = provider)
        val holm = opened(config)
        holm.setToken("a token that has ended")
        holm.todos.create(Todo("kept", id = "1"))
        return holm
    }

    /** A token of a new account. */
    private suspend fun Story.token(): String {
        var session = ""
        val secrets =
            object : SecretStore {
                override fun get(name: String): String? = session.ifEmpty { null }

                override fun set(name: String, value: String) {
                    session = value
                }

                override fun remove(name: String) {
                    session = ""
                }
            }
        opened(HolmConfig(ServerProcess.shared.url, Storage.InMemory, autoSync = false, secrets = secrets))
            .signUp("${UUID.randomUUID()}@example.com", Story.PASSWORD)
        return Json.parseToJsonElement(session).jsonObject.getValue("token").jsonPrimitive.content
    }

    @Test
    fun a_token_that_has_ended_is_renewed_by_the_app() =
        story {
            val token = token()
            val given = Given { token }
            val holm = ended(given)
            assertEquals(1, holm.sync().pushed)
            assertEquals(1, given.asked.get())
            holm.sync()
            assertEquals(1, given.asked.get(), "the new token is kept")
        }

    @Test
    fun a_provider_that_throws_is_told_by_its_name_alone() =
        story {
            val holm = ended { throw IOException("a secret token") }
            val error = failsWith(ErrorCode.TOKEN_UNAVAILABLE) { holm.sync() }
            assertTrue("IOException" in error.message && "secret" !in error.message, error.message)
            assertTrue(error.retryable)
        }

    @Test
    fun a_user_who_signed_out_elsewhere_is_signed_out_here() =
        story {
            val holm = ended { null }
            failsWith(ErrorCode.UNAUTHORIZED) { holm.sync() }
            assertEquals(1L, holm.state().pending)
        }
}

package dev.holm

import dev.holm.support.ServerProcess
import dev.holm.support.Story
import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todos
import org.junit.jupiter.api.Test
import java.util.UUID
import kotlin.test.assertEquals
import kotlin.test.assertNotNull
import kotlin.test.assertNull

/** Signing in and out. */
class AccountTest {
    private suspend fun Story.stranger(): Holm = opened(HolmConfig(ServerProcess.shared.url, Storage.InMemory, autoSync = false))

    private fun address() = "${UUID.randomUUID()}@example.com"

    @Test
    fun an_account_is_made_once_and_known_by_its_id() =
        story {
            val (first, second) = stranger() to stranger()
            val email = address()
            val id = first.signUp(email, "correct horse")
            assertEquals(id, first.userId)
            assertEquals(id, second.signIn(email, "correct horse"))
            failsWith(ErrorCode.UNAUTHORIZED) { stranger().signIn(email, "wrong") }
            // Whose reply was lost signs up again.
            assertEquals(id, stranger().signUp(email, "correct horse"))
            val refused = failsWith(ErrorCode.REFUSED) { stranger().signUp("no address", "correct horse") }
            assertEquals("VALIDATION_ERROR", refused.serverCode)
        }

    @Test
    fun without_a_session_a_sync_asks_for_one_and_writes_are_kept() =
        story {
            val holm = stranger()
            holm.todos.create(Todo("x", id = "1"))
            val error = failsWith(ErrorCode.SIGNED_OUT) { holm.sync() }
            assertEquals("Sign in; local data and pending writes are kept.", error.recovery)
            holm.signUp(address(), "correct horse")
            assertEquals(1, holm.sync().pushed)
        }

    @Test
    fun signing_out_keeps_the_data_or_wipes_it() =
        story {
            val holm = device()
            holm.todos.create(Todo("x", id = "1"))
            assertEquals(1, holm.signOut())
            assertNull(holm.userId)
            assertEquals("x", holm.todos.get("1")?.title)

            signIn(holm)
            failsWith(ErrorCode.PENDING_WRITES) { holm.signOut(SignOutMode.Wipe) }
            assertNotNull(holm.userId)
            holm.sync()
            assertEquals(0, holm.signOut(SignOutMode.Wipe))
            assertEquals(0, holm.todos.count())

            signIn(holm)
            holm.sync()
            assertEquals(1, holm.todos.count())
            holm.todos.create(Todo("lost"))
            holm.signOut(SignOutMode.WipeDiscardingPending)
            assertEquals(0, holm.todos.count())
        }

    @Test
    fun f42_another_account_cannot_take_over_a_store() =
        story {
            val holm = device()
            holm.todos.create(Todo("mine"))
            holm.signOut()
            val email = address()
            stranger().signUp(email, "correct horse")
            failsWith(ErrorCode.ACCOUNT_MISMATCH) { holm.signIn(email, "correct horse") }
            assertNull(holm.userId)
        }

    @Test
    fun a_token_of_the_app_is_used_as_it_is() =
        story {
            val holm = stranger()
            holm.setToken("not a token of this server")
            assertEquals("", holm.userId)
            failsWith(ErrorCode.UNAUTHORIZED) { holm.sync() }
        }
}

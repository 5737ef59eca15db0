package dev.holm.testing.docs

import dev.holm.ErrorCode
import dev.holm.Holm
import dev.holm.HolmConfig
import dev.holm.HolmException
import dev.holm.Phase
import dev.holm.SignOutMode
import dev.holm.Storage
import dev.holm.TokenProvider
import dev.holm.testing.TestWorld
import dev.holm.testing.Todo
import dev.holm.testing.todoCollection
import dev.holm.testing.todos
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.filter
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Clock

/** Stands for the SDK of a provider of identities. */
private class IdentitySdk {
    val isSignedIn = true
    private val token = "a token of another sign-in"

    suspend fun accessToken(): String = token
}

/** The code of docs/guides/accounts.md: what stands between the marks is shown there. The sign-in is that of [GettingStartedTest]. */
class AccountsGuideTest {
    private var asked = false

    private fun showSignIn() {
        asked = true
    }

    private fun userGivesUpWrites(): Boolean {
        asked = true
        return true
    }

    @Test
    fun a_write_before_the_first_sign_in_is_sent_after_it() =
        world { world ->
            val config = HolmConfig(world.url, Storage.InMemory, listOf(todoCollection), autoSync = false)
            // snippet: the first launch
            val holm = Holm.open(config)
            holm.collection(todoCollection).create(Todo("Buy milk")) // kept, and sent after the first sign-in
            if (holm.userId == null) showSignIn()
            // end
            assertTrue(asked)
            holm.signUp("ann@example.com", TestWorld.PASSWORD)
            assertEquals(1, holm.sync().pushed)
            holm.shutDown()
        }

    @Test
    fun a_sign_in_of_another_account_is_refused() =
        world { world ->
            val holm = world.device("phone").holm
            world.device("tablet", account = "another")
            val answer = signIn(holm, TestWorld.email("another"), TestWorld.PASSWORD)
            assertEquals("This device has the data of another account.", answer)
        }

    @Test
    fun a_token_of_the_app_has_no_account_yet() =
        world { world ->
            val (url, sdk) = world.url to IdentitySdk()
            // snippet: a token of the app
            // As fresh as it can be had; null: the user has signed out there.
            val mySignIn = TokenProvider { if (sdk.isSignedIn) sdk.accessToken() else null }
            val holm = Holm.open(HolmConfig(url, Storage.InMemory, listOf(todoCollection), tokenProvider = mySignIn))
            holm.setToken(sdk.accessToken()) // after each sign-in
            // end
            assertEquals("", holm.userId)
            holm.shutDown()
        }

    @Test
    fun a_session_that_is_gone_asks_for_a_sign_in() =
        world { world ->
            val holm = world.device("phone").holm
            val codes = Channel<String?>(Channel.UNLIMITED)
            val showSignIn = { code: String? -> codes.trySend(code) }
            holm.signOut()
            assertFailsWith<HolmException> { holm.sync() }
            coroutineScope {
                val watching =
                    launch {
                        // snippet: a session that is gone
                        holm.status.filter { it.phase == Phase.SignedOut }.collect { state ->
                            showSignIn(state.lastError?.code) // SIGNED_OUT: there is no session; UNAUTHORIZED: it has ended
                        }
                        // end
                    }
                assertEquals(ErrorCode.SIGNED_OUT, codes.receive())
                watching.cancel()
            }
        }

    @Test
    fun a_wipe_asks_before_writes_are_lost() =
        world { world ->
            val phone = world.device("phone")
            val holm = phone.holm
            phone.todos.create(Todo("unsent"))
            // snippet: a wipe
            try {
                holm.signOut(SignOutMode.Wipe)
            } catch (e: HolmException) {
                if (e.code != ErrorCode.PENDING_WRITES || !userGivesUpWrites()) throw e
                holm.signOut(SignOutMode.WipeDiscardingPending)
            }
            // end
            assertTrue(asked)
            assertEquals(0, phone.todos.count())
            assertNull(holm.userId)
        }

    /** From the real time on, which clients have that the app opens by itself. */
    private fun world(story: suspend (TestWorld) -> Unit) =
        runBlocking { TestWorld(listOf(todoCollection), start = Clock.System.now()).use { story(it) } }
}

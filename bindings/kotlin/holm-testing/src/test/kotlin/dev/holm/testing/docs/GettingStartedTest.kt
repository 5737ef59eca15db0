package dev.holm.testing.docs

import dev.holm.ErrorCode
import dev.holm.Holm
import dev.holm.HolmCollection
import dev.holm.HolmException
import dev.holm.HolmLog
import dev.holm.LogBuffer
import dev.holm.LogLevel
import dev.holm.Phase
import dev.holm.Resolution
import dev.holm.SyncState
import dev.holm.testing.TestWorld
import dev.holm.testing.Todo
import dev.holm.testing.todoCollection
import dev.holm.testing.todos
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertNull

private const val RULES = "[collections.todos.fields.title]\ntype = \"string\"\nmax_length = 10\n"

// snippet: sign in
suspend fun signIn(holm: Holm, email: String, password: String): String? =
    try {
        holm.signIn(email, password)
        null
    } catch (e: HolmException) {
        when (e.code) {
            ErrorCode.UNAUTHORIZED -> "Wrong address or password."
            ErrorCode.ACCOUNT_MISMATCH -> "This device has the data of another account."
            ErrorCode.OFFLINE, ErrorCode.TIMEOUT -> "No connection."
            else -> e.message
        }
    }
// end

// snippet: badges
data class Row(val title: String, val isUnsynced: Boolean)

fun rows(todos: HolmCollection<Todo>): Flow<List<Row>> =
    todos.live { orderBy(Todo::title) }.map { shown -> shown.documents.map { Row(it.value.title, it.status.needsSync) } }
// end

// snippet: status bar
fun banner(state: SyncState): String? =
    when {
        state.parked > 0 -> "${state.parked} changes were refused"
        state.conflicts > 0 -> "${state.conflicts} conflicts to look at"
        state.phase == Phase.Offline -> "Offline, ${state.pending} changes waiting"
        else -> null
    }
// end

// snippet: a conflict
suspend fun resolveConflicts(holm: Holm, todos: HolmCollection<Todo>, keepMine: suspend (mine: Todo?, theirs: Todo?) -> Boolean) {
    for (conflict in holm.conflicts()) {
        val sides = conflict.decode(todos)
        conflict.resolve(if (keepMine(sides.local, sides.server)) Resolution.KeepLocal else Resolution.KeepServer)
    }
}
// end

// snippet: a refused write
suspend fun shorten(holm: Holm, todos: HolmCollection<Todo>) {
    for (write in holm.parked()) {
        println(write.error?.message) // what the server has against it
        todos.update(write.documentId) { Todo::title set "Milk" }
        write.retry() // or write.discard()
    }
}
// end

/** What the first pages for Android tell does what they say. */
class GettingStartedTest {
    @Test
    fun a_sign_in_says_what_went_wrong() =
        world { world ->
            val phone = world.device("phone")
            assertEquals("Wrong address or password.", signIn(phone.holm, "person@example.com", "a guess"))
            assertNull(signIn(phone.holm, "person@example.com", "correct horse"))
            phone.network.goOffline()
            assertEquals("No connection.", signIn(phone.holm, "person@example.com", "correct horse"))
        }

    @Test
    fun rows_show_what_the_server_lacks_and_the_banner_says_why() =
        world { world ->
            val phone = world.device("phone")
            phone.network.goOffline()
            phone.todos.create(Todo("Milk"))
            assertEquals(listOf(Row("Milk", isUnsynced = true)), rows(phone.todos).first())
            assertEquals("Offline, 1 changes waiting", banner(phone.holm.state()))
            phone.network.goOnline()
            world.syncAll()
            assertEquals(listOf(Row("Milk", isUnsynced = false)), rows(phone.todos).first())
            assertNull(banner(phone.holm.state()))
        }

    @Test
    fun a_conflict_is_shown_and_resolved() =
        world { world ->
            val (phone, tablet) = listOf("phone", "tablet").map { world.device(it) }
            phone.todos.create(Todo("Milk", id = "milk"))
            world.syncAll()
            phone.todos.update("milk") { Todo::title set "Oat milk" }
            tablet.todos.update("milk") { Todo::title set "Soy milk" }
            world.syncAll()
            assertEquals("1 conflicts to look at", banner(tablet.holm.state()))
            resolveConflicts(tablet.holm, tablet.todos) { mine, theirs -> mine?.title == "Soy milk" && theirs?.title == "Oat milk" }
            world.syncAll()
            assertEquals("Soy milk", phone.todos.get("milk")?.title)
        }

    @Test
    fun a_refused_write_is_repaired() =
        world { world ->
            val phone = world.device("phone")
            phone.todos.create(Todo("A title that is too long", id = "milk"))
            world.syncAll()
            assertEquals("1 changes were refused", banner(phone.holm.state()))
            shorten(phone.holm, phone.todos)
            world.syncAll()
            assertNull(banner(phone.holm.state()))
        }

    @Test
    fun the_log_is_kept_for_a_report() {
        // snippet: the log
        val recent = LogBuffer()
        HolmLog.install(recent, LogLevel.Debug)
        // end
        assertEquals("", recent.also { it.clear() }.export())
    }

    private fun world(story: suspend (TestWorld) -> Unit) = runBlocking { TestWorld(listOf(todoCollection), RULES).use { story(it) } }
}

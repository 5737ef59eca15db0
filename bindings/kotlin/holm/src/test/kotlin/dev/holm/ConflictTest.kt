package dev.holm

import dev.holm.support.Story
import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todos
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertNotNull
import kotlin.test.assertNull

/** The same field changed on two devices: what each strategy makes of it. */
class ConflictTest {
    private class Disagreement(val a: Holm, val b: Holm)

    /** Both change the title; b also sets the note. a's change is on the server, and then b syncs. */
    private suspend fun Story.disagreement(conflict: ConflictStrategy): Disagreement {
        val (a, b) = device(conflict) to device(conflict)
        a.todos.create(Todo("base", id = "1"))
        a.sync()
        b.sync()
        a.todos.update("1") { "title" set "from a" }
        // Two edits that are nearer to each other than a round trip cannot be told apart by the server's time.
        a.sync()
        b.todos.update("1") {
            "title" set "from b"
            "note" set "only b"
        }
        assertEquals(1, b.sync().conflicts)
        return Disagreement(a, b)
    }

    private suspend fun Disagreement.settledOn(expected: Todo) {
        b.sync()
        a.sync()
        assertEquals(expected, b.todos.get("1"))
        assertEquals(a.dump(), b.dump())
        assertEquals(SyncStatus.Synced, b.todos.getStored("1")?.status)
        assertEquals(0, b.state().conflicts)
    }

    @Test
    fun server_wins_keeps_the_servers_title_and_the_journal_has_ours() =
        story {
            val both = disagreement(ConflictStrategy.ServerWins)
            both.settledOn(Todo("from a", note = "only b", id = "1"))
            val entry = both.b.journal().first()
            assertEquals(LossReason.ServerKept, entry.reason)
            assertEquals("tasks" to "1", entry.collection to entry.documentId)
            assertEquals(JsonPrimitive("from b"), entry.lost["title"])
            assertEquals(JsonPrimitive("from a"), entry.kept?.get("title"))
        }

    @Test
    fun local_wins_keeps_our_title_and_the_journal_has_the_servers() =
        story {
            val both = disagreement(ConflictStrategy.LocalWins)
            both.settledOn(Todo("from b", note = "only b", id = "1"))
            val entry = both.b.journal().first()
            assertEquals(LossReason.LocalKept, entry.reason)
            assertEquals(JsonPrimitive("from a"), entry.lost["title"])
        }

    @Test
    fun last_write_wins_keeps_the_later_title() =
        story { disagreement(ConflictStrategy.LastWriteWins).settledOn(Todo("from b", note = "only b", id = "1")) }

    @Test
    fun merge_joins_fields_and_takes_the_later_title() =
        story { disagreement(ConflictStrategy.Merge).settledOn(Todo("from b", note = "only b", id = "1")) }

    @Test
    fun prompt_keeps_all_three_sides_until_the_app_decides() =
        story {
            val both = disagreement(ConflictStrategy.Prompt)
            val conflict = both.b.conflicts().single()
            assertEquals("tasks" to "1", conflict.collection to conflict.documentId)
            val sides = conflict.decode(both.b.todos)
            assertEquals(Todo("base", id = "1"), sides.base)
            assertEquals(Todo("from b", note = "only b", id = "1"), sides.local)
            assertEquals(Todo("from a", id = "1"), sides.server)
            assertEquals(JsonPrimitive("from a"), conflict.server?.get("title"))
            assertEquals(2, conflict.serverVersion)
            assertEquals(SyncStatus.Conflict, both.b.todos.getStored("1")?.status)
            assertEquals(1, both.b.state().conflicts)

            conflict.resolve(Resolution.KeepLocal)
            both.settledOn(Todo("from b", note = "only b", id = "1"))
            failsWith(ErrorCode.NOT_FOUND) { conflict.resolve(Resolution.KeepLocal) }
        }

    @Test
    fun prompt_keep_server_takes_the_servers_document() =
        story {
            val both = disagreement(ConflictStrategy.Prompt)
            both.b.conflicts().single().resolve(Resolution.KeepServer)
            both.settledOn(Todo("from a", id = "1"))
            assertEquals(JsonPrimitive("from b"), both.b.journal().first().lost["title"])
        }

    @Test
    fun prompt_merge_joins_the_fields() =
        story {
            val both = disagreement(ConflictStrategy.Prompt)
            both.b.conflicts().single().resolve(Resolution.Merge)
            both.settledOn(Todo("from b", note = "only b", id = "1"))
        }

    @Test
    fun prompt_takes_a_document_that_a_person_wrote() =
        story {
            val both = disagreement(ConflictStrategy.Prompt)
            both.b.conflicts().single().resolve(both.b.todos, Todo("from both", note = "talked", id = "1"))
            both.settledOn(Todo("from both", note = "talked", id = "1"))
        }

    @Test
    fun prompt_takes_a_json_object() =
        story {
            val both = disagreement(ConflictStrategy.Prompt)
            both.b.conflicts().single().resolve(Resolution.Document(buildJsonObject { put("title", "by hand") }))
            both.settledOn(Todo("by hand", id = "1"))
        }

    @Test
    fun an_edit_against_a_delete_is_a_conflict_with_one_side_missing() =
        story {
            val (a, b) = device(ConflictStrategy.Prompt) to device(ConflictStrategy.Prompt)
            a.todos.create(Todo("base", id = "1"))
            a.sync()
            b.sync()
            a.todos.delete("1")
            b.todos.update("1") { "title" set "from b" }
            a.sync()
            b.sync()
            val conflict = b.conflicts().single()
            assertNull(conflict.server)
            assertNotNull(conflict.local)
            assertNull(conflict.decode(b.todos).server)
            conflict.resolve(Resolution.KeepServer)
            b.sync()
            assertNull(b.todos.get("1"))
        }

    @Test
    fun a_conflict_survives_a_restart() =
        story {
            val storage = Storage.Directory(directory().toFile())
            val a = device(ConflictStrategy.Prompt)
            val b = device(ConflictStrategy.Prompt, storage)
            a.todos.create(Todo("base", id = "1"))
            a.sync()
            b.sync()
            a.todos.update("1") { "title" set "from a" }
            b.todos.update("1") { "title" set "from b" }
            a.sync()
            b.sync()
            b.shutDown()
            val again = device(ConflictStrategy.Prompt, storage)
            again.conflicts().single().resolve(Resolution.KeepLocal)
            again.sync()
            a.sync()
            assertEquals("from b", a.todos.get("1")?.title)
        }
}

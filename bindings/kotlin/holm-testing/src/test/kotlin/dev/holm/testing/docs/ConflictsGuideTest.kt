package dev.holm.testing.docs

import dev.holm.Conflict
import dev.holm.ConflictStrategy
import dev.holm.Resolution
import dev.holm.SyncStatus
import dev.holm.collectionSpec
import dev.holm.testing.TestWorld
import dev.holm.testing.Todo
import dev.holm.testing.todos
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.filter
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertNotNull

// snippet: a strategy
val todoCollection = collectionSpec<Todo>("todos", ConflictStrategy.Prompt)
// end

/** The code of docs/guides/conflicts.md: what stands between the marks is shown there. */
class ConflictsGuideTest {
    private class Question(val conflict: Conflict, val mine: Todo?, val theirs: Todo?)

    private class Quarrel(val world: TestWorld, val milk: Todo) {
        suspend fun phone() = world.device("phone")

        suspend fun expectTitle(title: String) {
            world.syncAll()
            for (name in listOf("phone", "tablet")) {
                val stored = world.device(name).todos.getStored(milk.id)
                assertEquals(title, stored?.value?.title)
                assertEquals(SyncStatus.Synced, stored?.status)
            }
        }
    }

    /** Both devices have renamed the same todo; the phone is in conflict. */
    private fun quarrel(story: suspend Quarrel.() -> Unit) =
        runBlocking {
            TestWorld(listOf(todoCollection)).use { world ->
                val milk = Todo("Milk", id = "milk")
                val (phone, tablet) = world.device("phone") to world.device("tablet")
                phone.todos.create(milk)
                world.syncAll()
                phone.network.goOffline()
                phone.todos.update(milk.id) { Todo::title set "Oat milk" }
                tablet.todos.update(milk.id) { Todo::title set "Soy milk" }
                world.syncAll()
                phone.network.goOnline()
                world.syncAll()
                Quarrel(world, milk).story()
            }
        }

    @Test
    fun a_person_is_asked_and_decides() =
        quarrel {
            val (holm, todos) = phone().holm to phone().todos
            val questions = Channel<Question>(Channel.UNLIMITED)
            val show = { conflict: Conflict, mine: Todo?, theirs: Todo? -> questions.trySend(Question(conflict, mine, theirs)) }
            val question =
                coroutineScope {
                    val asking =
                        launch {
                            // snippet: asking a person
                            holm.status.filter { it.conflicts > 0 }.collect {
                                for (conflict in holm.conflicts()) {
                                    val sides = conflict.decode(todos) // a side that is null was deleted there
                                    show(conflict, sides.local, sides.server)
                                }
                            }
                            // end
                        }
                    questions.receive().also { asking.cancel() }
                }
            assertEquals("Oat milk" to "Soy milk", question.mine?.title to question.theirs?.title)
            val conflict = question.conflict
            // snippet: deciding
            conflict.resolve(Resolution.KeepLocal) // or KeepServer, or Merge: field by field, the later edit
            // end
            expectTitle("Oat milk")
        }

    @Test
    fun the_fields_are_chosen_one_by_one() =
        quarrel {
            val todos = phone().todos
            val conflict = phone().holm.conflicts().single()
            val sides = conflict.decode(todos)
            val (mine, theirs) = assertNotNull(sides.local) to assertNotNull(sides.server)
            // snippet: merging by field
            conflict.resolve(todos, mine.copy(title = theirs.title))
            // end
            expectTitle("Soy milk")
        }

    @Test
    fun what_lost_is_brought_back_from_the_journal() =
        quarrel {
            val holm = phone().holm
            holm.conflicts().single().resolve(Resolution.KeepServer)
            expectTitle("Soy milk")
            // snippet: the journal
            holm.journal().firstOrNull { it.documentId == milk.id }?.let { holm.restore(it) }
            // end
            expectTitle("Oat milk")
        }
}

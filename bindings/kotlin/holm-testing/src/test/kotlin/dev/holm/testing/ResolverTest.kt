package dev.holm.testing

import dev.holm.ConflictDetails
import dev.holm.ConflictResolver
import dev.holm.ConflictStrategy
import dev.holm.Resolution
import dev.holm.ResolverFault
import dev.holm.SyncStatus
import dev.holm.collectionSpec
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import org.junit.jupiter.api.Test
import java.util.concurrent.atomic.AtomicInteger
import kotlin.test.assertEquals
import kotlin.test.assertNotEquals
import kotlin.test.assertNotNull
import kotlin.time.Duration.Companion.seconds

/** The app's own decisions about conflicts, and every way in which a resolver can decide nothing. */
class ResolverTest {
    private class Quarrel(val world: TestWorld, val phone: TestDevice, val tablet: TestDevice)

    private fun spec(resolver: ConflictResolver? = null) = collectionSpec<Todo>("todos", ConflictStrategy.Custom, resolver = resolver)

    /** The phone, whose collection has this resolver, is about to meet a conflict with the tablet. */
    private fun quarrel(resolver: ConflictResolver, story: suspend Quarrel.() -> Unit) =
        runBlocking {
            TestWorld(listOf(spec(resolver))).use { world ->
                val (phone, tablet) = world.device("phone") to world.device("tablet")
                phone.todos.create(Todo("base", id = "t"))
                world.syncAll()
                tablet.todos.update("t") { "title" set "tablet" }
                tablet.holm.sync()
                phone.todos.update("t") { "title" set "phone" }
                Quarrel(world, phone, tablet).story()
            }
        }

    /** Lets others run until the resolver has decided about the phone's todo, or has left the decision to a person. */
    private suspend fun Quarrel.decided() {
        while (phone.holm.state().conflicts == 0L && phone.todos.getStored("t")?.status == SyncStatus.Conflict) yield()
    }

    @Test
    fun a_decision_goes_out_with_the_next_sync() {
        val seen = CompletableDeferred<ConflictDetails>()
        val resolver =
            ConflictResolver { conflict ->
                seen.complete(conflict)
                val (_, mine, theirs) = conflict.decode(spec())
                Resolution.Document(JsonObject(conflict.local.orEmpty() + ("title" to title("${mine?.title} and ${theirs?.title}"))))
            }
        quarrel(resolver) {
            phone.holm.sync()
            decided()
            assertEquals(0, phone.holm.state().conflicts)
            phone.holm.sync()
            tablet.holm.sync()
            assertEquals("phone and tablet", tablet.todos.get("t")?.title)
            val conflict = seen.await()
            assertEquals(Triple("todos", "t", listOf("/title")), Triple(conflict.collection, conflict.documentId, conflict.fields))
            assertEquals("base", conflict.decode(spec()).base?.title)
            assertEquals(phone.holm.deviceId, conflict.localEdit.deviceId)
            assertNotEquals(conflict.localEdit.deviceId, assertNotNull(conflict.serverEdit).deviceId)
        }
    }

    @Test
    fun without_a_decision_a_person_is_asked_and_told_why() {
        val calls = AtomicInteger()
        val deciding =
            listOf(
                ResolverFault.NoDecision to ConflictResolver { null },
                ResolverFault.NoDecision to ConflictResolver { error("a defect of the app") },
                ResolverFault.NoDecision to ConflictResolver { throw StackOverflowError() },
                ResolverFault.InvalidDocument to
                    ConflictResolver { Resolution.Document(JsonObject(mapOf("id" to JsonPrimitive("another")))) },
                ResolverFault.NotDeterministic to
                    ConflictResolver { if (calls.getAndIncrement() % 2 == 0) Resolution.KeepLocal else Resolution.KeepServer },
            )
        for ((fault, resolver) in deciding) {
            quarrel(resolver) {
                phone.holm.sync()
                decided()
                val conflict = phone.holm.conflicts().single()
                assertEquals(fault, conflict.resolverFault)
                assertEquals(1, phone.holm.state().conflicts)
                conflict.resolve(Resolution.KeepLocal)
                world.syncAll()
                assertEquals("phone", tablet.todos.get("t")?.title)
            }
        }
    }

    @Test
    fun a_resolver_that_is_late_is_cancelled_and_a_person_asked() {
        val asked = CompletableDeferred<Unit>()
        val cancelled = CompletableDeferred<Unit>()
        val resolver =
            ConflictResolver {
                asked.complete(Unit)
                try {
                    awaitCancellation()
                } finally {
                    cancelled.complete(Unit)
                }
            }
        quarrel(resolver) {
            phone.holm.sync()
            asked.await()
            world.advance(10.seconds)
            decided()
            assertEquals(listOf<ResolverFault?>(ResolverFault.TooSlow), phone.holm.conflicts().map { it.resolverFault })
            cancelled.await()
        }
    }

    private fun title(text: String) = JsonPrimitive(text)
}

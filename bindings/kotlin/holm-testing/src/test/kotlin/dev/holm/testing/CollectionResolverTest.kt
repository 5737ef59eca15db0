package dev.holm.testing

import dev.holm.ConflictResolver
import dev.holm.ConflictStrategy
import dev.holm.ErrorCode
import dev.holm.Holm
import dev.holm.HolmConfig
import dev.holm.HolmException
import dev.holm.Resolution
import dev.holm.ResolverFault
import dev.holm.Storage
import dev.holm.SyncStatus
import dev.holm.collectionSpec
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue

/** Each collection has a resolver of its own, or is refused. */
class CollectionResolverTest {
    private fun spec(name: String, resolution: Resolution) =
        collectionSpec<Todo>(name, ConflictStrategy.Custom, resolver = ConflictResolver { resolution })

    @Test
    fun each_collection_asks_its_own_resolver() =
        runBlocking {
            val (ours, theirs) = spec("drafts", Resolution.KeepLocal) to spec("catalogue", Resolution.KeepServer)
            val specs = listOf(ours, theirs)
            TestWorld(specs).use { world ->
                val (phone, tablet) = world.device("phone") to world.device("tablet")
                for (spec in specs) phone.collection(spec).create(Todo("base", id = "t"))
                world.syncAll()
                for (device in listOf(tablet, phone)) {
                    for (spec in specs) device.collection(spec).update("t") { "title" set device.name }
                    device.holm.sync()
                }
                for (spec in specs) while (phone.collection(spec).getStored("t")?.status == SyncStatus.Conflict) yield()
                world.syncAll()
                assertEquals(emptyList(), phone.holm.conflicts())
                assertEquals("phone", tablet.collection(ours).get("t")?.title)
                assertEquals("tablet", phone.collection(theirs).get("t")?.title)
            }
        }

    @Test
    fun a_conflict_whose_resolver_is_gone_goes_to_a_person_and_says_so(
        @TempDir directory: Path,
    ) = runBlocking {
        val storage = Storage.Directory(directory.toString())
        val thinking = collectionSpec<Todo>("todos", ConflictStrategy.Custom, resolver = ConflictResolver { awaitCancellation() })
        TestWorld(listOf(thinking)).use { world ->
            val (phone, tablet) = world.device("phone", storage = storage) to world.device("tablet")
            phone.todos.create(Todo("base", id = "t"))
            world.syncAll()
            for (device in listOf(tablet, phone)) {
                device.todos.update("t") { "title" set device.name }
                device.holm.sync()
            }
            assertEquals(emptyList(), phone.holm.conflicts(), "the resolver still thinks")
            phone.holm.shutDown()
            val later = collectionSpec<Todo>("todos", ConflictStrategy.Prompt)
            Holm.open(HolmConfig(null, storage, listOf(later))).use { holm ->
                assertEquals(listOf<ResolverFault?>(ResolverFault.Missing), holm.conflicts().map { it.resolverFault })
            }
        }
    }

    @Test
    fun a_strategy_and_a_resolver_go_together_whatever_other_collections_have() =
        runBlocking {
            val right = spec("drafts", Resolution.KeepLocal)
            val refused =
                listOf(
                    collectionSpec<Todo>("todos", ConflictStrategy.Custom),
                    collectionSpec<Todo>("todos", ConflictStrategy.Merge, resolver = ConflictResolver { Resolution.KeepLocal }),
                )
            for (wrong in refused) {
                val error =
                    assertFailsWith<HolmException> { Holm.open(HolmConfig(null, Storage.InMemory, listOf(right, wrong))).close() }
                assertEquals(ErrorCode.INVALID_CONFIG, error.code)
                assertTrue("todos" in error.message.orEmpty(), "$error")
            }
        }
}

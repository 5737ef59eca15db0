package dev.holm.testing

import dev.holm.ConflictResolver
import dev.holm.ConflictStrategy
import dev.holm.ErrorCode
import dev.holm.Holm
import dev.holm.HolmConfig
import dev.holm.HolmException
import dev.holm.Resolution
import dev.holm.Storage
import dev.holm.SyncStatus
import dev.holm.collectionSpec
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Test
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

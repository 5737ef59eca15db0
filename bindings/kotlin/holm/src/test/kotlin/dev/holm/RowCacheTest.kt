package dev.holm

import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todoSpec
import dev.holm.support.todos
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** Documents that are read again and again come from memory, unless the app wants none there. */
class RowCacheTest {
    @Test
    fun a_document_that_is_read_again_comes_from_memory_unless_the_cache_is_off() =
        story {
            suspend fun statementsOfARead(rowCacheBytes: Long): Long {
                val storage = Storage.Directory(directory().toFile())
                val holm = opened(HolmConfig(null, storage, listOf(todoSpec()), rowCacheBytes = rowCacheBytes))
                holm.todos.create(Todo("Buy milk", id = "milk"))
                val reads =
                    List(10) {
                        val before = holm.stats().statements
                        assertEquals("Buy milk", holm.todos.get("milk")?.title)
                        holm.stats().statements - before
                    }
                // The least: the store has work of its own now and then.
                return reads.min()
            }
            assertEquals(0, statementsOfARead(100_000))
            assertEquals(1, statementsOfARead(0))
        }

    @Test
    fun its_size_is_not_negative() =
        story {
            failsWith(ErrorCode.INVALID_CONFIG) { opened(HolmConfig(null, Storage.InMemory, rowCacheBytes = -1)) }
        }

    @Test
    fun a_write_counts_its_statements_bytes_and_wakeups() =
        story {
            val holm = opened(HolmConfig(null, Storage.Directory(directory().toFile()), listOf(todoSpec())))
            val before = holm.stats()
            holm.todos.create(Todo("Buy milk"))
            val after = holm.stats()
            assertTrue(after.statements >= before.statements + 5)
            assertTrue(after.bytesWritten!! >= before.bytesWritten!! + 4_096)
            assertTrue(after.wakeups >= before.wakeups + 2)
        }
}

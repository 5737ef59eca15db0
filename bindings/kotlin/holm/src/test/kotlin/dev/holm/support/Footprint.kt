package dev.holm.support

import java.io.File
import kotlin.test.fail
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

/** What this process takes up. */
data class Footprint(
    val heapBytes: Long,
    val residentBytes: Long,
    val threads: Int,
    val files: Int,
) {
    private fun exceeds(before: Footprint): String? =
        when {
            heapBytes - before.heapBytes > 4 shl 20 -> "heap"

            residentBytes - before.residentBytes > 96 shl 20 -> "resident memory"

            // The JVM's own compiler threads come and go.
            threads - before.threads > 6 -> "threads"

            files - before.files > 2 -> "files"

            else -> null
        }

    companion object {
        private const val CLEANING_MS = 500L
        private const val ROUNDS = 3

        /** Hands what is garbage by now to the cleaners. They work while the test goes on, so that it need not wait for all of it later. */
        fun discard() {
            @Suppress("ExplicitGarbageCollectionCall")
            System.gc()
        }

        /** Measures after collecting garbage until there is no more: what native memory hangs on goes round by round. */
        fun measure(): Footprint {
            var last = now()
            var settled = 0
            while (settled < 5) {
                discard()
                val next = now()
                settled = if (next.heapBytes < last.heapBytes - (last.heapBytes shr 7)) 0 else settled + 1
                last = next
            }
            return last
        }

        /**
         * Asserts that [work] leaves nothing behind. A leak grows in each of three rounds; what grows once and stays, as a map's table does
         * when the cleaners were slow for a while, is none.
         */
        suspend fun assertNothingIsLeftBy(work: suspend () -> Unit) {
            var grown = ""
            repeat(ROUNDS) {
                val before = measure()
                work()
                grown = grownSince(before) ?: return
            }
            fail(grown)
        }

        /** What has grown and is not freed, however long the cleaners of the JVM take for it. */
        private fun grownSince(before: Footprint): String? {
            val start = TimeSource.Monotonic.markNow()
            var now = measure()
            while (now.exceeds(before) != null && start.elapsedNow() < 30.seconds) {
                // Collecting stops the cleaners too. What is measured decides, this only lets them run.
                Thread.sleep(CLEANING_MS)
                now = measure()
            }
            return now.exceeds(before)?.let { "$it grew: from $before to $now" }
        }

        private fun now(): Footprint {
            val runtime = Runtime.getRuntime()
            return Footprint(
                heapBytes = runtime.totalMemory() - runtime.freeMemory(),
                residentBytes = File("/proc/self/statm").readText().split(' ')[1].toLong() * 4096,
                threads = File("/proc/self/task").list().orEmpty().size,
                files = File("/proc/self/fd").list().orEmpty().size,
            )
        }
    }
}

package dev.holm

import dev.holm.support.story
import kotlinx.coroutines.channels.Channel
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import kotlin.time.Instant

/** What the core says, where the app wants it. */
class LogTest {
    @Test
    fun sinks_hear_what_the_core_does_each_at_its_level() =
        story {
            val heard = Channel<LogLine>(Channel.UNLIMITED)
            val errors = LogBuffer()
            val failing = HolmLog.install({ error("this sink is broken") }, LogLevel.Trace)
            HolmLog.install(errors, LogLevel.Error).use {
                HolmLog.install({ lines -> lines.forEach { heard.trySend(it) } }, LogLevel.Trace).use {
                    device().sync()
                    val line = heard.receive()
                    assertTrue(line.target.startsWith("holm"), "$line")
                }
            }
            failing.close()
            assertTrue(errors.lines().none { it.level > LogLevel.Error })
        }

    @Test
    fun a_buffer_keeps_the_last_lines() {
        val buffer = LogBuffer(capacity = 3)
        buffer.log(List(2) { line("a$it") })
        buffer.log(List(2) { line("b$it") })
        assertEquals(listOf("a1", "b0", "b1"), buffer.lines().map { it.message })
        buffer.log(List(5) { line("c$it") })
        assertEquals(listOf("c2", "c3", "c4"), buffer.lines().map { it.message })
        buffer.clear()
        assertEquals("", buffer.export())
        assertFailsWith<IllegalArgumentException> { LogBuffer(capacity = 0) }
    }

    @Test
    fun what_is_exported_is_one_line_each() {
        val buffer = LogBuffer()
        buffer.log(listOf(line("sync ended early"), line("and went on")))
        assertEquals(
            "1970-01-01T00:00:00Z WARN  holm_core::sync: sync ended early\n1970-01-01T00:00:00Z WARN  holm_core::sync: and went on\n",
            buffer.export(),
        )
    }

    private fun line(message: String) = LogLine(LogLevel.Warn, "holm_core::sync", message, Instant.fromEpochMilliseconds(0))
}

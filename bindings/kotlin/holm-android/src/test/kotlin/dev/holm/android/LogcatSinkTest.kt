package dev.holm.android

import android.util.Log
import dev.holm.LogLevel
import dev.holm.LogLine
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.shadows.ShadowLog
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlin.time.Instant

@RunWith(RobolectricTestRunner::class)
class LogcatSinkTest {
    @Test
    fun lines_keep_their_level_and_their_target() {
        LogcatSink("Errands").log(LogLevel.entries.map { line(it, "said") })
        val shown = ShadowLog.getLogsForTag("Errands")
        assertEquals(listOf(Log.ERROR, Log.WARN, Log.INFO, Log.DEBUG, Log.VERBOSE), shown.map { it.type })
        assertEquals(setOf("holm_core::sync: said"), shown.map { it.msg }.toSet())
    }

    @Test
    fun a_line_that_logcat_would_cut_comes_in_parts() {
        val long = "语".repeat(3_000)
        LogcatSink("Errands").log(listOf(line(LogLevel.Info, long)))
        val parts = ShadowLog.getLogsForTag("Errands").map { it.msg }
        assertEquals("holm_core::sync: $long", parts.joinToString(""))
        assertTrue(parts.all { it.encodeToByteArray().size < 4_000 })
    }

    private fun line(level: LogLevel, message: String) = LogLine(level, "holm_core::sync", message, Instant.fromEpochMilliseconds(0))
}

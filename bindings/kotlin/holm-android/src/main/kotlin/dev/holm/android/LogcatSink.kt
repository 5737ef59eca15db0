package dev.holm.android

import android.util.Log
import dev.holm.LogLevel
import dev.holm.LogLine
import dev.holm.LogSink

/**
 * Writes Holm's log to logcat, for `HolmLog.install(LogcatSink())`.
 *
 * @param tag the tag of its lines.
 */
public class LogcatSink(private val tag: String = "Holm") : LogSink {
    override fun log(lines: List<LogLine>): Unit = lines.forEach(::write)

    private fun write(line: LogLine) {
        for (part in "${line.target}: ${line.message}".chunked(LONGEST)) Log.println(priority(line.level), tag, part)
    }

    private fun priority(level: LogLevel): Int =
        when (level) {
            LogLevel.Error -> Log.ERROR
            LogLevel.Warn -> Log.WARN
            LogLevel.Info -> Log.INFO
            LogLevel.Debug -> Log.DEBUG
            LogLevel.Trace -> Log.VERBOSE
        }

    private companion object {
        /** Logcat cuts what is longer than 4,068 bytes; a character has up to three. */
        const val LONGEST = 1_300
    }
}

package dev.holm

import dev.holm.ffi.FfiLogLine
import dev.holm.ffi.FfiLogSink
import dev.holm.ffi.setLogSink
import dev.holm.internal.NativeLibrary
import dev.holm.internal.lift
import dev.holm.internal.lower

/**
 * The log of the core: one for the process, whatever clients it has. Nothing is logged before a sink is installed.
 *
 * Thread-safe. A line costs a microsecond where it arises; sinks run on a thread of their own.
 */
public object HolmLog {
    private class Installed(val sink: LogSink, val level: LogLevel)

    private var installed = emptyList<Installed>()

    /**
     * Sends lines of [level] and what matters more to a sink, besides the sinks that are there already. May block for tens of milliseconds
     * the first time, to load the native library.
     *
     * @return takes the sink out again.
     */
    @Synchronized
    public fun install(sink: LogSink, level: LogLevel = LogLevel.Info): AutoCloseable {
        NativeLibrary.ensureLoaded()
        val one = Installed(sink, level)
        change(installed + one)
        return AutoCloseable { remove(one) }
    }

    @Synchronized
    private fun remove(one: Installed) = change(installed - one)

    private fun change(sinks: List<Installed>) {
        installed = sinks
        val most = sinks.maxOfOrNull { it.level } ?: LogLevel.Error
        setLogSink(if (sinks.isEmpty()) null else Distributor(sinks), most.lower())
    }

    /** Hands each batch to every sink that wants some of it. */
    private class Distributor(private val sinks: List<Installed>) : FfiLogSink {
        override fun log(lines: List<FfiLogLine>) {
            val lifted = lines.map { it.lift() }
            for (one in sinks) {
                val wanted = lifted.filter { it.level <= one.level }
                // A sink that fails must not take the log from the others.
                if (wanted.isNotEmpty()) runCatching { one.sink.log(wanted) }
            }
        }
    }
}

package dev.holm

/**
 * Keeps the last lines of the log in memory, for a debug menu or a report to support. Thread-safe.
 *
 * ```
 * val recent = LogBuffer()
 * HolmLog.install(recent, LogLevel.Debug)
 * …
 * share(recent.export())
 * ```
 *
 * @property capacity how many lines it keeps; older ones go.
 */
public class LogBuffer(public val capacity: Int = 1_000) : LogSink {
    private val kept = ArrayDeque<LogLine>()

    init {
        require(capacity > 0) { "a log of $capacity lines" }
    }

    @Synchronized
    override fun log(lines: List<LogLine>) {
        kept += lines.takeLast(capacity)
        while (kept.size > capacity) kept.removeFirst()
    }

    /** The lines that it has, oldest first. */
    @Synchronized
    public fun lines(): List<LogLine> = kept.toList()

    /** The lines as a text, one a line, oldest first. */
    public fun export(): String = lines().joinToString(separator = "") { "$it\n" }

    /** Forgets all lines. */
    @Synchronized
    public fun clear(): Unit = kept.clear()
}

package dev.holm

import kotlin.time.Instant

/** How much a line of the log matters. */
public enum class LogLevel {
    /** Something is wrong in a way that a person has to look into. */
    Error,

    /** Something went wrong and is being dealt with. */
    Warn,

    /** What a person who follows along wants to know. */
    Info,

    /** What one who looks for a fault wants to know. */
    Debug,

    /** Everything. */
    Trace,
}

/**
 * A line of the log. It holds no content of documents and no secret.
 *
 * @property level how much it matters.
 * @property target the part of the core that says it.
 * @property message what it says.
 * @property at when, by the device's clock.
 */
public data class LogLine(
    public val level: LogLevel,
    public val target: String,
    public val message: String,
    public val at: Instant,
) {
    /** One line of text: time, level, target, message. */
    override fun toString(): String = "$at ${level.name.uppercase().padEnd(LEVEL_WIDTH)} $target: $message"

    private companion object {
        const val LEVEL_WIDTH = 5
    }
}

/** Where the log goes. */
public fun interface LogSink {
    /**
     * Takes lines, oldest first; called with one batch after another on a single background thread, so it may block. What it throws is
     * dropped.
     */
    public fun log(lines: List<LogLine>)
}

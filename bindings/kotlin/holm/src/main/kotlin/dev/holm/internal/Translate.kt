package dev.holm.internal

import dev.holm.ErrorCode
import dev.holm.HolmException
import dev.holm.ffi.FfiException
import dev.holm.ffi.InternalException
import kotlinx.serialization.SerializationException
import kotlin.coroutines.cancellation.CancellationException
import kotlin.time.Duration.Companion.milliseconds

/** What the app can do about failures that arise on this side. The same words as in the core. */
internal val recoveries =
    mapOf(
        ErrorCode.INVALID_DOCUMENT to "Correct the document; the message names the field.",
        ErrorCode.INVALID_QUERY to "Correct the query; the message names the part.",
        ErrorCode.INVALID_NAME to
            "Use letters, digits and underscores for names, at most 128 bytes for ids; the message says what is wrong.",
        ErrorCode.INVALID_CONFIG to "Correct the setting that the message names.",
        ErrorCode.UNSUPPORTED to "See the documentation for what is.",
        ErrorCode.CLOSED to "Open a new one.",
        ErrorCode.INTERNAL to "Please report it with the message.",
    )

/** A failure that arises on this side. None of them goes away by itself. */
internal fun failure(code: String, message: String, cause: Throwable? = null): HolmException =
    HolmException(code, message, recoveries.getValue(code), retryable = false, cause = cause)

/** Runs a call into the core. Whatever it fails with comes out as [HolmException]; cancellation passes. */
internal inline fun <R> translated(call: () -> R): R =
    try {
        call()
    } catch (cancelled: CancellationException) {
        throw cancelled
    } catch (e: FfiException) {
        throw e.translate()
    } catch (e: InternalException) {
        throw failure(ErrorCode.INTERNAL, e.message ?: "a panic in the core", e)
    } catch (e: IllegalStateException) {
        // The generated objects say so when they have been destroyed, which only closing does.
        throw failure(ErrorCode.CLOSED, "The client has been closed.", e)
    }

internal fun FfiException.translate(): HolmException =
    when (this) {
        is FfiException.Failure -> {
            HolmException(code, text, recovery, retryable, serverCode, retryAfterMs?.toLong()?.milliseconds, this, opId)
        }
    }

/** Turns a value of the app into JSON, or says with [code] that it cannot be. */
internal inline fun <R> encoded(code: String, encode: () -> R): R =
    try {
        encode()
    } catch (e: SerializationException) {
        throw failure(code, "the value cannot be written as JSON: ${e.message}", e)
    }

/** The text itself, if it is Unicode: half a surrogate pair cannot be stored or sent. */
internal fun String.unicode(code: String): String {
    var index = 0
    while (index < length) {
        val pair = this[index].isHighSurrogate() && index + 1 < length && this[index + 1].isLowSurrogate()
        if (this[index].isSurrogate() && !pair) throw failure(code, "the text has half a surrogate pair at $index")
        index += if (pair) 2 else 1
    }
    return this
}

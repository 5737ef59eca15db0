package dev.holm.testing

import dev.holm.ffi.FfiFault
import kotlin.time.Duration

/** What goes wrong with a request of a [TestDevice], for [TestNetwork.fail]. */
public sealed interface Fault {
    /** No connection: the request does not arrive. */
    public data object Unreachable : Fault

    /** The request does not arrive, and the client gives up waiting. No test waits for it. */
    public data object Timeout : Fault

    /** The request arrives and is carried out; the answer is lost. */
    public data object LostReply : Fault

    /** The page of a captive portal comes in place of the answer. */
    public data object CaptivePortal : Fault

    /** Something answers that does not speak the protocol. */
    public data object Garbage : Fault

    /** The server takes none of the request's writes: it says of each that it shall come again later. */
    public data object Deferred : Fault

    /** The records in the answer are in a form that this version cannot read. */
    public data object Unreadable : Fault

    /**
     * The server answers with a failure and does nothing.
     *
     * @property code the HTTP status, 400 to 599.
     * @property retryAfter how long it asks to wait, in whole seconds.
     */
    public data class Status(public val code: Int, public val retryAfter: Duration? = null) : Fault {
        init {
            require(code in FIRST_FAILURE..LAST_FAILURE) { "$code is no HTTP status of a failure" }
        }
    }

    /** Faults by what they are called in the field. */
    public companion object {
        /** The server is there, but in maintenance. */
        public val ServerDown: Fault = Status(code = 503)

        /** The server no longer takes the session's token: the client gets itself a new one. */
        public val ExpiredSession: Fault = Status(code = 401)

        /** The server asks to slow down. */
        public fun rateLimited(retryAfter: Duration): Fault = Status(code = 429, retryAfter)
    }
}

private const val FIRST_FAILURE = 400
private const val LAST_FAILURE = 599

internal fun Fault.lower(): FfiFault =
    when (this) {
        Fault.Unreachable -> FfiFault.Unreachable
        Fault.Timeout -> FfiFault.Timeout
        Fault.LostReply -> FfiFault.LostReply
        Fault.CaptivePortal -> FfiFault.Captive
        Fault.Garbage -> FfiFault.Garbage
        Fault.Deferred -> FfiFault.Deferred
        Fault.Unreadable -> FfiFault.Unreadable
        is Fault.Status -> FfiFault.Status(code.toUShort(), retryAfter?.inWholeSeconds?.toUInt())
    }

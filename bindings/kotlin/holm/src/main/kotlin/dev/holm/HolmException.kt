package dev.holm

import kotlin.time.Duration

/**
 * The one exception that calls of Holm end with.
 *
 * Switch on [code], never on the message. A cancelled coroutine ends with its `CancellationException`, not with this. Nothing that was
 * acknowledged is lost by any of these: it is still queued, parked or in the journal.
 *
 * @property code what happened: one of [ErrorCode], or a newer one.
 * @property recovery one sentence: what the app or its user can do.
 * @property retryable whether the same call can succeed later without a change by the app.
 * @property serverCode the server's own code if the server refused, for example `VALIDATION_ERROR`.
 * @property retryAfter how long the server asked to wait, if it did.
 * @property operationId the write that is not confirmed, with `UNCONFIRMED`: ask [Holm.confirmed] what became of it.
 * @param message what happened, in words for people, without content of documents and without secrets.
 */
public class HolmException(
    public val code: String,
    override val message: String,
    public val recovery: String = "",
    public val retryable: Boolean = false,
    public val serverCode: String? = null,
    public val retryAfter: Duration? = null,
    cause: Throwable? = null,
    public val operationId: String? = null,
) : Exception(message, cause) {
    override fun toString(): String = "HolmException($code): $message"
}

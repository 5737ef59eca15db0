package dev.holm

/**
 * Identifies a committed write: it is on this device, and durable. [Holm.confirmed] tells what became of it on the server.
 *
 * @property documentId the document.
 * @property operationId the operation that carries the write; valid after a restart too. Null if nothing was changed, so nothing is sent.
 */
public data class Receipt(public val documentId: String, public val operationId: String?)

/** How a write ended. */
public sealed interface WriteOutcome {
    /**
     * The server has accepted it.
     *
     * @property version the document's version there, if it is known.
     */
    public data class Accepted(public val version: Long?) : WriteOutcome

    /** It changed nothing, so nothing was sent. */
    public data object Unchanged : WriteOutcome

    /**
     * It was undone before the server had it: its document was deleted again, or its confirmation failed. A write that was joined with
     * another one shares that one's outcome.
     */
    public data object Withdrawn : WriteOutcome

    /** A conflict was resolved for the other side; [Holm.journal] has the values. */
    public data object Overridden : WriteOutcome

    /** The app gave it up; [Holm.journal] has the values. */
    public data object Discarded : WriteOutcome

    /** The server refused it: it is in [Holm.parked] and waits for [Operation.retry] or [Operation.discard]. */
    public data object Parked : WriteOutcome
}
